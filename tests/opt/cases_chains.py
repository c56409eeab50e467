"""Chains of products and sums, before and after `chains`; branches to one place, before and after `select`."""

CASES = {
    "chains: steps of a hash": ("chains", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64 {
        loop L0: header b1 preheader b0 counter v7 step 4 stop v1
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = const i64 0
          v4 = const i64 33
          v5 = const i64 4
          jump b1(v3, v2)
        b1(v7: i64, v8: i64) in L0:
          v10 = load u8 [v0 + v7*1] region 1
          v11 = mul v8, v4
          v12 = add v11, v10
          v13 = load u8 [v0 + v7*1 + 1] region 1
          v14 = mul v12, v4
          v15 = add v14, v13
          v16 = load u8 [v0 + v7*1 + 2] region 1
          v17 = mul v15, v4
          v18 = sub v17, v16
          v20 = add v7, v5
          v21 = slt v20, v1
          br v21, b1(v20, v18), b2
        b2:
          ret v18
    """, """
          v26 = const i64 35937
          v3 = const i64 0
          v4 = const i64 33
          v5 = const i64 4
          jump b1(v3, v2)
        b1(v7: i64, v8: i64) in L0:
          v10 = load u8 [v0 + v7*1] region 1
          v11 = mul v8, v4
          v12 = add v11, v10
          v13 = load u8 [v0 + v7*1 + 1] region 1
          v22 = mul v10, v4
          v14 = mul v12, v4
          v23 = add v22, v13
          v15 = add v14, v13
          v16 = load u8 [v0 + v7*1 + 2] region 1
          v24 = mul v23, v4
          v17 = mul v15, v4
          v25 = sub v24, v16
          v27 = mul v8, v26
          v18 = add v27, v25
          v20 = add v7, v5
          v21 = slt v20, v1
          br v21, b1(v20, v18), b2
        b2:
          ret v18
    """),
    "chains: constants, and values wanted in between": ("chains", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64 {
        loop L0: header b1 preheader b0 counter v7 step 2 stop v1
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = const i64 0
          v4 = const i64 5
          v5 = const i64 7
          v6 = const i64 2
          jump b1(v3, v2)
        b1(v7: i64, v8: i64) in L0:
          v11 = mul v8, v4
          v12 = add v11, v5
          store i64 v12, [v0 + v7*8] region 1
          v14 = mul v12, v5
          v15 = shl v14, v6
          v16 = add v4, v15
          store i64 v16, [v0 + v7*8 + 8] region 1
          v20 = add v7, v6
          v21 = slt v20, v1
          br v21, b1(v20, v16), b2
        b2:
          ret v16
    """, """
          v25 = const i64 140
          v24 = const i64 201
          v23 = const i64 196
          v22 = const i64 49
          v3 = const i64 0
          v4 = const i64 5
          v5 = const i64 7
          v6 = const i64 2
          jump b1(v3, v2)
        b1(v7: i64, v8: i64) in L0:
          v11 = mul v8, v4
          v12 = add v11, v5
          store i64 v12, [v0 + v7*8] region 1
          v14 = mul v12, v5
          v15 = shl v14, v6
          v26 = mul v8, v25
          v16 = add v26, v24
          store i64 v16, [v0 + v7*8 + 8] region 1
          v20 = add v7, v6
          v21 = slt v20, v1
          br v21, b1(v20, v16), b2
        b2:
          ret v16
    """),
    "chains: one step by a power of two and one less": ("chains", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64 {
        loop L0: header b1 preheader b0 counter v7 step 1 stop v1
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = const i64 0
          v4 = const i64 31
          v5 = const i64 1
          jump b1(v3, v2)
        b1(v7: i64, v8: i64) in L0:
          v10 = load u8 [v0 + v7*1] region 1
          v11 = mul v8, v4
          v12 = add v10, v11
          v20 = add v7, v5
          v21 = slt v20, v1
          br v21, b1(v20, v12), b2
        b2:
          ret v12
    """, """
          v23 = const i64 5
          v3 = const i64 0
          v4 = const i64 31
          v5 = const i64 1
          jump b1(v3, v2)
        b1(v7: i64, v8: i64) in L0:
          v10 = load u8 [v0 + v7*1] region 1
          v11 = shl v8, v23
          v22 = sub v10, v8
          v12 = add v11, v22
          v20 = add v7, v5
          v21 = slt v20, v1
          br v21, b1(v20, v12), b2
        b2:
          ret v12
    """),
    "chains: not what goes another way, too": ("chains", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64 {
        loop L0: header b1 preheader b0 counter v7 step 1 stop v1
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = const i64 0
          v4 = const i64 31
          v5 = const i64 1
          jump b1(v3, v2)
        b1(v7: i64, v8: i64) in L0:
          v10 = mul v8, v4
          v11 = xor v10, v7
          v12 = mul v11, v4
          v13 = mul v12, v4
          v14 = add v13, v8
          v20 = add v7, v5
          v21 = slt v20, v1
          br v21, b1(v20, v14), b2
        b2:
          ret v14
    """, """
          v3 = const i64 0
          v4 = const i64 31
          v5 = const i64 1
          jump b1(v3, v2)
        b1(v7: i64, v8: i64) in L0:
          v10 = mul v8, v4
          v11 = xor v10, v7
          v12 = mul v11, v4
          v13 = mul v12, v4
          v14 = add v13, v8
          v20 = add v7, v5
          v21 = slt v20, v1
          br v21, b1(v20, v14), b2
        b2:
          ret v14
    """),
    "select: two branches to the same place": ("select", """
        func f(v0: ptr, v1: i64) -> i64 {
        loop L0: header b1 preheader b0 counter v7 step 1 stop v1
        b0(v0: ptr, v1: i64):
          v2 = const i64 0
          v3 = const i64 1
          v4 = const i64 32
          v5 = const i64 10
          jump b1(v2, v2)
        b1(v7: i64, v8: i64) in L0:
          v10 = load u8 [v0 + v7*1] region 1
          v11 = eq v10, v4
          br v11, b3, b2
        b2 in L0:
          v12 = eq v10, v5
          br v12, b3, b4
        b3 in L0:
          v13 = add v8, v3
          jump b5(v13)
        b4 in L0:
          jump b5(v8)
        b5(v14: i64) in L0:
          v20 = add v7, v3
          v21 = slt v20, v1
          br v21, b1(v20, v14), b6
        b6:
          ret v14
    """, """
          v2 = const i64 0
          v3 = const i64 1
          v4 = const i64 32
          v5 = const i64 10
          jump b1(v2, v2)
        b1(v7: i64, v8: i64) in L0:
          v10 = load u8 [v0 + v7*1] region 1
          v11 = eq v10, v4
          v12 = eq v10, v5
          v22 = or v11, v12
          v13 = add v8, v3
          v23 = select v22, v13, v8
          v20 = add v7, v3
          v21 = slt v20, v1
          br v21, b1(v20, v23), b2
        b2:
          ret v23
    """),
    "select: two branches, the first one away": ("select", """
        func f(v0: ptr, v1: i64) -> i64 {
        loop L0: header b1 preheader b0 counter v7 step 1 stop v1
        b0(v0: ptr, v1: i64):
          v2 = const i64 0
          v3 = const i64 1
          v4 = const i64 32
          v5 = const i64 10
          jump b1(v2, v2)
        b1(v7: i64, v8: i64) in L0:
          v10 = load u8 [v0 + v7*1] region 1
          v11 = sgt v10, v5
          br v11, b2, b5(v8)
        b2 in L0:
          v12 = slt v10, v4
          br v12, b3, b5(v8)
        b3 in L0:
          v13 = add v8, v3
          jump b5(v13)
        b5(v14: i64) in L0:
          v20 = add v7, v3
          v21 = slt v20, v1
          br v21, b1(v20, v14), b6
        b6:
          ret v14
    """, """
          v2 = const i64 0
          v3 = const i64 1
          v4 = const i64 32
          v5 = const i64 10
          jump b1(v2, v2)
        b1(v7: i64, v8: i64) in L0:
          v10 = load u8 [v0 + v7*1] region 1
          v11 = sgt v10, v5
          v12 = slt v10, v4
          v22 = and v11, v12
          v13 = add v8, v3
          v23 = select v22, v13, v8
          v20 = add v7, v3
          v21 = slt v20, v1
          br v21, b1(v20, v23), b2
        b2:
          ret v23
    """),
    "select: an arm of an arm adds to the same sum": ("select", """
        func f(v0: ptr, v1: ptr, v2: i64, v3: f64) -> f64 {
        loop L0: header b1 preheader b0 counter v8 step 1 stop v2
        b0(v0: ptr, v1: ptr, v2: i64, v3: f64):
          v5 = const i64 0
          v4 = const f64 1.0
          v6 = const f64 0.5
          v7 = const i64 1
          jump b1(v5, v3)
        b1(v8: i64, v9: f64) in L0:
          v12 = load f64 [v1 + v8*8] region 1
          v13 = flt v12, v3
          br v13, b2, b3
        b2 in L0:
          v14 = fadd v9, v4
          jump b7(v14)
        b3 in L0:
          v15 = feq v12, v3
          br v15, b4, b5
        b4 in L0:
          v16 = fadd v9, v6
          jump b6(v16)
        b5 in L0:
          jump b6(v9)
        b6(v17: f64) in L0:
          jump b7(v17)
        b7(v18: f64) in L0:
          v21 = add v8, v7
          v22 = slt v21, v2
          br v22, b1(v21, v18), b8
        b8:
          ret v18
    """, """
          v23 = const f64 -0.0
          v5 = const i64 0
          v4 = const f64 1.0
          v6 = const f64 0.5
          v7 = const i64 1
          jump b1(v5, v3)
        b1(v8: i64, v9: f64) in L0:
          v12 = load f64 [v1 + v8*8] region 1
          v13 = flt v12, v3
          v15 = feq v12, v3
          v24 = select v15, v6, v23
          v26 = select v13, v4, v24
          v27 = fadd v9, v26
          v21 = add v8, v7
          v22 = slt v21, v2
          br v22, b1(v21, v27), b2
        b2:
          ret v27
    """),
}
