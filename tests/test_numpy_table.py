"""The table of NumPy features in the docs is that of the library."""

from tests.numpy_table import PAGE, page


def test_the_table_is_up_to_date():
    assert PAGE.read_text() == page(), "run: python -m tests.numpy_table"
