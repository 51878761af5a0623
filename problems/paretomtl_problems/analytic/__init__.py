"""Analytic problems: formulas whose fronts are known. A folder a family; `fronts` holds their geometry."""
