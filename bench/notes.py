"""Why gcc's code is faster, kernel by kernel, where it is by more than 1.3x. The report shows those that apply."""

from __future__ import annotations

NOTES: dict[str, str] = {
    "spectral norm": (
        "The sum has to be made in order, but its terms, divisions among them, could be computed in vectors, as gcc "
        "probably does. jitney's vectoriser leaves a loop alone whose sum it may not reorder."
    ),
    "trapezoid": (
        "As for the spectral norm: the divisions could be done in vectors, added in order. jitney divides one by one."
    ),
    "fib": (
        "gcc unfolds the recursion further. jitney inlines it once, and checks the depth of the stack and each sum."
    ),
    "horner": (
        "gcc fuses the multiplication and the addition of each step into one instruction, which changes the last bits. "
        "jitney may do that under `fastmath` only, so the chain of dependent steps takes longer."
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
