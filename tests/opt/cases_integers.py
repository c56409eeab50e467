"""Passes about integers, divisions by constants above all: the pass, the blocks before, and the blocks after."""

CASES = {
    "checks: division of what is small": ("checks", """
        func f(v0: ptr, v1: i64, v2: i64, v3: i64) -> i64, i64, i64 {
        fact v1 0 65535
        fact v2 0 2147483647
        fact v3 0 1152921504606846975
        b0(v0: ptr, v1: i64, v2: i64, v3: i64):
          v4 = const i64 10
          v5 = floordiv v1, v4
          v6 = urem v2, v4
          v7 = floordiv v3, v4
          ret v5, v6, v7
    """, """
          v4 = const i64 10
          v5 = const i64 52429
          v6 = mul v1, v5
          v7 = const i64 19
          v8 = lshr v6, v7
          v9 = const i64 1717986919
          v10 = mul v2, v9
          v11 = const i64 34
          v12 = lshr v10, v11
          v13 = mul v12, v4
          v14 = sub v2, v13
          v15 = const i64 -3689348814741910323
          v16 = umulh v3, v15
          v17 = const i64 3
          v18 = lshr v16, v17
          ret v8, v14, v18
    """),
    "checks: division of what may be negative": ("checks", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64, i64, i64 {
        fact v1 -32768 32767
        fact v2 -2147483649 5
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = const i64 7
          v4 = floordiv v1, v3
          v5 = floormod v1, v3
          v6 = floordiv v2, v3
          ret v4, v5, v6
    """, """
          v3 = const i64 7
          v4 = const i64 63
          v5 = sar v1, v4
          v6 = xor v1, v5
          v7 = const i64 18725
          v8 = mul v6, v7
          v9 = const i64 17
          v10 = lshr v8, v9
          v11 = xor v5, v10
          v12 = mul v11, v3
          v13 = sub v1, v12
          v14 = floordiv v2, v3
          ret v11, v13, v14
    """),
    "checks: division of what a condition says is small": ("checks", """
        func f(v0: ptr, v1: i64) -> i64 {
        b0(v0: ptr, v1: i64):
          v2 = const i64 100
          v3 = const i64 26
          v4 = ult v1, v2
          br v4, b1, b2
        b1:
          v5 = floormod v1, v3
          ret v5
        b2:
          ret v1
    """, """
          v2 = const i64 100
          v3 = const i64 26
          v4 = ult v1, v2
          v6 = const i64 2521
          v8 = const i64 16
          br v4, b1, b2
        b1:
          v5 = zext16 v1
          v7 = mul v5, v6
          v9 = lshr v7, v8
          v10 = mul v9, v3
          v11 = sub v1, v10
          ret v11
        b2:
          ret v1
    """),
}
