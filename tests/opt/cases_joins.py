"""Numbers put together of bytes, before and after `joins`."""

CASES = {
    "joins: four bytes": ("joins", """
        func f(v0: ptr, v1: i64) -> i64 {
        b0(v0: ptr, v1: i64):
          v2 = const i64 1
          v3 = const i64 8
          v4 = const i64 16
          v5 = const i64 24
          v6 = add v1, v2
          v10 = load u8 [v0 + v1*1] region 1
          v11 = load u8 [v0 + v6*1] region 1
          v12 = load u8 [v0 + v1*1 + 2] region 1
          v13 = load u8 [v0 + v6*1 + 2] region 1
          v14 = shl v11, v3
          v15 = shl v12, v4
          v16 = shl v13, v5
          v17 = or v16, v15
          v18 = or v10, v14
          v19 = add v17, v18
          ret v19
    """, """
          v2 = const i64 1
          v3 = const i64 8
          v4 = const i64 16
          v5 = const i64 24
          v19 = load u32 [v0 + v1*1] region 1
          ret v19
    """),
    "joins: two and two, one of them above other bytes": ("joins", """
        func f(v0: ptr, v1: i64) -> i64 {
        b0(v0: ptr, v1: i64):
          v3 = const i64 8
          v4 = const i64 24
          v10 = load u8 [v0 + v1*1] region 1
          v11 = load u8 [v0 + v1*1 + 1] region 1
          v12 = load u8 [v0 + v1*1 + 7] region 1
          v14 = shl v11, v3
          v15 = or v10, v14
          v16 = shl v12, v4
          v17 = or v15, v16
          ret v17
    """, """
          v3 = const i64 8
          v4 = const i64 24
          v12 = load u8 [v0 + v1*1 + 7] region 1
          v15 = load u16 [v0 + v1*1] region 1
          v16 = shl v12, v4
          v17 = or v15, v16
          ret v17
    """),
    "joins: not over a store": ("joins", """
        func f(v0: ptr, v1: i64) -> i64 {
        b0(v0: ptr, v1: i64):
          v3 = const i64 8
          v10 = load u8 [v0 + v1*1] region 1
          store u8 v1, [v0 + v1*1 + 1] region 1
          v11 = load u8 [v0 + v1*1 + 1] region 1
          v14 = shl v11, v3
          v15 = or v10, v14
          ret v15
    """, """
          v3 = const i64 8
          v10 = load u8 [v0 + v1*1] region 1
          store u8 v1, [v0 + v1*1 + 1] region 1
          v11 = load u8 [v0 + v1*1 + 1] region 1
          v14 = shl v11, v3
          v15 = or v10, v14
          ret v15
    """),
    "joins: not the most significant byte first, and not what overlaps": ("joins", """
        func f(v0: ptr, v1: i64) -> i64 {
        b0(v0: ptr, v1: i64):
          v3 = const i64 8
          v10 = load u8 [v0 + v1*1] region 1
          v11 = load u8 [v0 + v1*1 + 1] region 1
          v12 = shl v10, v3
          v13 = or v12, v11
          v14 = load u16 [v0 + v1*1] region 1
          v15 = shl v11, v3
          v16 = add v14, v15
          v17 = xor v13, v16
          ret v17
    """, """
          v3 = const i64 8
          v10 = load u8 [v0 + v1*1] region 1
          v11 = load u8 [v0 + v1*1 + 1] region 1
          v12 = shl v10, v3
          v13 = or v12, v11
          v14 = load u16 [v0 + v1*1] region 1
          v15 = shl v11, v3
          v16 = add v14, v15
          v17 = xor v13, v16
          ret v17
    """),
}
