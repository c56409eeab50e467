"""Why gcc's code is faster, kernel by kernel, where it is by more than 1.3x. The report shows those that apply."""

from __future__ import annotations

NOTES: dict[str, str] = {
    "fib": (
        "gcc unfolds the recursion further. jitney inlines it once, and checks the depth of the stack and each sum."
    ),
    "histogram": (
        "The place in the histogram depends on the data, so its test has to stay. C has none."
    ),
    "tokenizer": (
        "Bytes lead to branches and table places that are tested each time. C tests none of them."
    ),
    "bilinear": (
        "gcc fuses multiplications and additions, which changes the last bits. Indices computed from floats are tested."
    ),
}
