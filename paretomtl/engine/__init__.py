"""The batched loop: many runs advance together as the lanes of one tensor program."""
