"""What loops carry around: for each case the blocks before, and the blocks after."""

CASES = {
    "carry: an element that each iteration updates": ("carry", """
        func f(v0: ptr, v1: ptr, v2: i64, v3: i64) {
        site 0: line 1 index
        loop L0: header b1 preheader b0 counter v7 step 1 stop v2
        b0(v0: ptr, v1: ptr, v2: i64, v3: i64):
          v4 = const i64 0
          v5 = const i64 1
          v6 = const i1 true
          jump b1(v4)
        b1(v7: i64) in L0:
          v8 = load f64 [v1 + v3*8] region 1
          v9 = load i64 [v0 + v7*8] region 1
          v10 = index v9, v2, v6, !0
          v11 = load f64 [v0 + v10*8] region 1
          v12 = fadd v8, v11
          store f64 v12, [v1 + v3*8] region 1
          v14 = add v7, v5
          v15 = slt v14, v2
          br v15, b1(v14), b2
        b2:
          ret
    """, """
          v16 = const i64 3
          v4 = const i64 0
          v5 = const i64 1
          v6 = const i1 true
          v17 = shl v3, v16
          v18 = ptradd v1, v17
          v19 = load f64 [v18] region 1
          jump b1(v4, v19)
        b1(v7: i64, v20: f64) in L0:
          v9 = load i64 [v0 + v7*8] region 1
          v10 = index v9, v2, v6, !0
          v11 = load f64 [v0 + v10*8] region 1
          v12 = fadd v20, v11
          store f64 v12, [v1 + v3*8] region 1
          v14 = add v7, v5
          v15 = slt v14, v2
          br v15, b1(v14, v12), b2
        b2:
          ret
    """),
    "carry: not an element that another store may write": ("carry", """
        func f(v0: ptr, v1: ptr, v2: i64, v3: i64) {
        site 0: line 1 index
        loop L0: header b1 preheader b0 counter v7 step 1 stop v2
        b0(v0: ptr, v1: ptr, v2: i64, v3: i64):
          v4 = const i64 0
          v5 = const i64 1
          v6 = const i1 true
          jump b1(v4)
        b1(v7: i64) in L0:
          v8 = load i64 [v1 + v3*8] region 1
          v9 = load i64 [v0 + v7*8] region 1
          v10 = index v9, v2, v6, !0
          store i64 v7, [v0 + v10*8] region 1
          v12 = add v8, v9
          store i64 v12, [v1 + v3*8] region 1
          v14 = add v7, v5
          v15 = slt v14, v2
          br v15, b1(v14), b2
        b2:
          ret
    """, """
          v4 = const i64 0
          v5 = const i64 1
          v6 = const i1 true
          jump b1(v4)
        b1(v7: i64) in L0:
          v8 = load i64 [v1 + v3*8] region 1
          v9 = load i64 [v0 + v7*8] region 1
          v10 = index v9, v2, v6, !0
          store i64 v7, [v0 + v10*8] region 1
          v12 = add v8, v9
          store i64 v12, [v1 + v3*8] region 1
          v14 = add v7, v5
          v15 = slt v14, v2
          br v15, b1(v14), b2
        b2:
          ret
    """),
    "carry: what the iteration before stored": ("carry", """
        func f(v0: ptr, v1: ptr, v2: i64) {
        loop L0: header b1 preheader b0 counter v5 step 1 stop v2
        b0(v0: ptr, v1: ptr, v2: i64):
          v3 = const i64 1
          v4 = const i64 -1
          jump b1(v3)
        b1(v5: i64) in L0:
          v6 = add v5, v4
          v7 = load f64 [v1 + v6*8] region 1
          v8 = load f64 [v0 + v5*8] region 1
          v9 = fadd v7, v8
          store f64 v9, [v1 + v5*8] region 1
          v11 = add v5, v3
          v12 = slt v11, v2
          br v12, b1(v11), b2
        b2:
          ret
    """, """
          v3 = const i64 1
          v4 = const i64 -1
          v13 = load f64 [v1] region 1
          jump b1(v3, v13)
        b1(v5: i64, v14: f64) in L0:
          v6 = add v5, v4
          v8 = load f64 [v0 + v5*8] region 1
          v9 = fadd v14, v8
          store f64 v9, [v1 + v5*8] region 1
          v11 = add v5, v3
          v12 = slt v11, v2
          br v12, b1(v11, v9), b2
        b2:
          ret
    """),
    "carry: two iterations on, of narrow elements": ("carry", """
        func f(v0: ptr, v1: i64) {
        loop L0: header b1 preheader b0 counter v4 step 1 stop v1
        b0(v0: ptr, v1: i64):
          v2 = const i64 2
          v3 = const i64 1
          jump b1(v2)
        b1(v4: i64) in L0:
          v5 = load i16 [v0 + v4*2 - 4] region 1
          v6 = load i16 [v0 + v4*2 - 2] region 1
          v7 = add v5, v6
          store i16 v7, [v0 + v4*2] region 1
          v9 = add v4, v3
          v10 = slt v9, v1
          br v10, b1(v9), b2
        b2:
          ret
    """, """
          v2 = const i64 2
          v3 = const i64 1
          v11 = ptradd v0, v2
          v13 = load i16 [v11] region 1
          v15 = load i16 [v0] region 1
          jump b1(v2, v13, v15)
        b1(v4: i64, v14: i64, v16: i64) in L0:
          v7 = add v16, v14
          store i16 v7, [v0 + v4*2] region 1
          v9 = add v4, v3
          v10 = slt v9, v1
          v12 = sext16 v7
          br v10, b1(v9, v12, v14), b2
        b2:
          ret
    """),
    "carry: beside stores that may be to the same array": ("carry", """
        func f(v0: ptr, v1: ptr, v2: i64) -> f64 {
        loop L0: header b1 preheader b0 counter v5 step 1 stop v2
        b0(v0: ptr, v1: ptr, v2: i64):
          v3 = const i64 1
          jump b1(v3)
        b1(v5: i64) in L0:
          v7 = load f64 [v1 + v5*8 - 8] region 1
          store f64 v7, [v0 + v5*8] region 1
          v9 = fadd v7, v7
          store f64 v9, [v1 + v5*8] region 1
          v11 = add v5, v3
          v12 = slt v11, v2
          br v12, b1(v11), b2
        b2:
          ret v7
    """, """
          v21 = const i64 8
          v17 = const i64 -8
          v15 = const i64 3
          v3 = const i64 1
          v13 = sub v2, v3
          v14 = p2i v1
          v16 = shl v13, v15
          v18 = add v16, v17
          v19 = ptradd v1, v18
          v20 = p2i v19
          v22 = ptradd v0, v21
          v23 = p2i v22
          v24 = ptradd v0, v16
          v25 = p2i v24
          v26 = add v25, v21
          v27 = uge v14, v26
          v28 = add v20, v21
          v29 = ule v28, v23
          v30 = or v27, v29
          br v30, b3, b1
        b1 cold:
          jump b2(v3)
        b2(v31: i64) in L0 cold:
          v32 = load f64 [v1 + v31*8 - 8] region 1
          store f64 v32, [v0 + v31*8] region 1
          v34 = fadd v32, v32
          store f64 v34, [v1 + v31*8] region 1
          v36 = add v31, v3
          v37 = slt v36, v2
          br v37, b2(v36), b5(v32)
        b3:
          v39 = load f64 [v1] region 1
          jump b4(v3, v39)
        b4(v5: i64, v40: f64) in L1:
          store f64 v40, [v0 + v5*8] region 1
          v9 = fadd v40, v40
          store f64 v9, [v1 + v5*8] region 1
          v11 = add v5, v3
          v12 = slt v11, v2
          br v12, b4(v11, v9), b5(v40)
        b5(v38: f64):
          jump b6
        b6:
          ret v38
    """),
    "carry: down a column": ("carry", """
        func f(v0: ptr, v1: i64, v2: i64, v3: i64) {
        loop L0: header b1 preheader b0 counter v6 step 1 stop v2
        b0(v0: ptr, v1: i64, v2: i64, v3: i64):
          v4 = const i64 1
          v5 = const i64 -1
          jump b1(v4)
        b1(v6: i64) in L0:
          v7 = add v6, v5
          v8 = mul v7, v1
          v9 = add v8, v3
          v10 = load f64 [v0 + v9*8] region 1
          v11 = fadd v10, v10
          v12 = mul v6, v1
          v13 = add v12, v3
          store f64 v11, [v0 + v13*8] region 1
          v15 = add v6, v4
          v16 = slt v15, v2
          br v16, b1(v15), b2
        b2:
          ret
    """, """
          v24 = const i64 15
          v22 = const i64 7
          v17 = const i64 3
          v4 = const i64 1
          v5 = const i64 -1
          v18 = shl v3, v17
          v19 = ptradd v0, v18
          v20 = sub v2, v4
          v21 = shl v1, v17
          v23 = add v21, v22
          v25 = uge v23, v24
          br v25, b3, b1
        b1 cold:
          jump b2(v4)
        b2(v26: i64) in L0 cold:
          v27 = add v26, v5
          v28 = mul v27, v1
          v29 = add v28, v3
          v30 = load f64 [v0 + v29*8] region 1
          v31 = fadd v30, v30
          v32 = mul v26, v1
          v33 = add v32, v3
          store f64 v31, [v0 + v33*8] region 1
          v35 = add v26, v4
          v36 = slt v35, v2
          br v36, b2(v35), b5
        b3:
          v37 = load f64 [v19] region 1
          jump b4(v4, v37)
        b4(v6: i64, v38: f64) in L1:
          v7 = add v6, v5
          v8 = mul v7, v1
          v9 = add v8, v3
          v11 = fadd v38, v38
          v12 = mul v6, v1
          v13 = add v12, v3
          store f64 v11, [v0 + v13*8] region 1
          v15 = add v6, v4
          v16 = slt v15, v2
          br v16, b4(v15, v11), b5
        b5:
          jump b6
        b6:
          ret
    """),
    "carry: not what an arm stores": ("carry", """
        func f(v0: ptr, v1: i64) {
        loop L0: header b1 preheader b0 counter v4 step 1 stop v1
        b0(v0: ptr, v1: i64):
          v2 = const i64 1
          v3 = const f64 0.0
          jump b1(v2)
        b1(v4: i64) in L0:
          v5 = load f64 [v0 + v4*8 - 8] region 1
          v6 = flt v5, v3
          br v6, b2, b3
        b2 in L0:
          store f64 v3, [v0 + v4*8] region 1
          jump b3
        b3 in L0:
          v8 = add v4, v2
          v9 = slt v8, v1
          br v9, b1(v8), b4
        b4:
          ret
    """, """
          v2 = const i64 1
          v3 = const f64 0.0
          jump b1(v2)
        b1(v4: i64) in L0:
          v5 = load f64 [v0 + v4*8 - 8] region 1
          v6 = flt v5, v3
          br v6, b2, b3
        b2 in L0:
          store f64 v3, [v0 + v4*8] region 1
          jump b3
        b3 in L0:
          v8 = add v4, v2
          v9 = slt v8, v1
          br v9, b1(v8), b4
        b4:
          ret
    """),
    "inductions: floats under fastmath": ("inductions", """
        func f(v0: ptr, v1: ptr, v2: i64, v3: f64, v4: f64) -> f64 fastmath {
        loop L0: header b2 preheader b1 counter v8 step 1 stop v2
        b0(v0: ptr, v1: ptr, v2: i64, v3: f64, v4: f64):
          v5 = const i64 2
          v6 = const i64 1
          v7 = sgt v2, v5
          br v7, b1, b3(v3, v4)
        b1:
          jump b2(v5, v3, v4)
        b2(v8: i64, v9: f64, v10: f64) in L0:
          v11 = fsub v9, v4
          v12 = fsub v4, v10
          v13 = fmul v11, v12
          store f64 v13, [v1 + v8*8] region 1
          v14 = add v8, v6
          v15 = slt v14, v2
          br v15, b2(v14, v11, v12), b3(v11, v12)
        b3(v16: f64, v17: f64):
          v18 = fadd v16, v17
          ret v18
    """, """
          v5 = const i64 2
          v6 = const i64 1
          v7 = sgt v2, v5
          br v7, b1, b3(v3, v4)
        b1:
          jump b2(v5, v4)
        b2(v8: i64, v10: f64) in L0:
          v20 = sub v8, v5
          v21 = i2f f64 v20
          v22 = fmul v21, v4
          v23 = fsub v3, v22
          v11 = fsub v23, v4
          v12 = fsub v4, v10
          v13 = fmul v11, v12
          store f64 v13, [v1 + v8*8] region 1
          v14 = add v8, v6
          v15 = slt v14, v2
          br v15, b2(v14, v12), b3(v11, v12)
        b3(v16: f64, v17: f64):
          v18 = fadd v16, v17
          ret v18
    """),
}
