"""UF: the unconstrained problems of the CEC 2009 competition."""
