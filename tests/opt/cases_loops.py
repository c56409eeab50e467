"""Passes that look at loops and memory: for each case the pass, the blocks before, and the blocks after."""

CASES = {
    "partial: not where an iteration waits for an extreme": ("partial", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64 {
        loop L0: header b1 preheader b0 counter v5 step 1 stop v1
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = const i64 0
          v4 = const i64 1
          jump b1(v3, v2)
        b1(v5: i64, v6: i64) in L0:
          v7 = load i64 [v0 + v5*8] region 1
          v8 = add v6, v4
          v9 = smin v7, v8
          store i64 v9, [v0 + v5*8] region 1
          v11 = add v5, v4
          v12 = slt v11, v1
          br v12, b1(v11, v9), b2
        b2:
          ret v9
    """, """
          v3 = const i64 0
          v4 = const i64 1
          jump b1(v3, v2)
        b1(v5: i64, v6: i64) in L0:
          v7 = load i64 [v0 + v5*8] region 1
          v8 = add v6, v4
          v9 = smin v7, v8
          store i64 v9, [v0 + v5*8] region 1
          v11 = add v5, v4
          v12 = slt v11, v1
          br v12, b1(v11, v9), b2
        b2:
          ret v9
    """),
    "partial: a sum in a loop": ("partial", """
        func f(v0: ptr, v1: i64, v2: i64) -> f64 {
        loop L0: header b1 preheader b0 counter v6 step 1 stop v2
        loop L1: header b2 preheader b1 parent L0 counter v9 step 1 stop v1
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = const i64 0
          v4 = const i64 1
          v5 = const f64 0.0
          jump b1(v3, v5)
        b1(v6: i64, v7: f64) in L0:
          jump b2(v3, v5)
        b2(v9: i64, v10: f64) in L1:
          v11 = load f64 [v0 + v9*8] region 1
          v12 = fmul v11, v11
          v13 = fadd v10, v12
          v14 = add v9, v4
          v15 = slt v14, v1
          br v15, b2(v14, v13), b3
        b3 in L0:
          v16 = fmax v7, v13
          v17 = add v6, v4
          v18 = slt v17, v2
          br v18, b1(v17, v16), b4
        b4:
          ret v16
    """, """
          v3 = const i64 0
          v4 = const i64 1
          v5 = const f64 0.0
          v8 = const i64 4
          v9 = uge v1, v8
          v10 = const i64 3
          v11 = const i64 -3
          v12 = add v1, v11
          v22 = const i64 2
          jump b1(v3, v5)
        b1(v6: i64, v7: f64) in L0:
          br v9, b2, b5(v3, v5)
        b2 in L0:
          jump b3(v3, v5)
        b3(v13: i64, v14: f64) in L1:
          v15 = load f64 [v0 + v13*8] region 1
          v16 = fmul v15, v15
          v17 = fadd v14, v16
          v18 = add v13, v4
          v19 = load f64 [v0 + v13*8 + 8] region 1
          v20 = fmul v19, v19
          v21 = fadd v17, v20
          v23 = add v13, v22
          v24 = load f64 [v0 + v13*8 + 16] region 1
          v25 = fmul v24, v24
          v26 = fadd v21, v25
          v27 = add v13, v10
          v28 = load f64 [v0 + v13*8 + 24] region 1
          v29 = fmul v28, v28
          v30 = fadd v26, v29
          v31 = add v13, v8
          v32 = slt v31, v12
          br v32, b3(v31, v30), b4
        b4 in L0:
          v33 = slt v31, v1
          br v33, b5(v31, v30), b7(v30)
        b5(v34: i64, v35: f64) in L0:
          jump b6(v34, v35)
        b6(v36: i64, v37: f64) in L2:
          v38 = load f64 [v0 + v36*8] region 1
          v39 = fmul v38, v38
          v40 = fadd v37, v39
          v41 = add v36, v4
          v42 = slt v41, v1
          br v42, b6(v41, v40), b7(v40)
        b7(v43: f64) in L0:
          v44 = fmax v7, v43
          v45 = add v6, v4
          v46 = slt v45, v2
          br v46, b1(v45, v44), b8
        b8:
          ret v44
    """),
    "partial: a lookup": ("partial", """
        func f(v0: ptr, v1: ptr, v2: i64, v3: i64, v4: i1) -> i64 {
        site 0: line 1 guard
        loop L0: header b2 preheader b1 counter v10 step 1 stop v2
        b0(v0: ptr, v1: ptr, v2: i64, v3: i64, v4: i1):
          v5 = const i64 0
          v6 = const i64 1
          v7 = const i1 true
          v8 = sgt v2, v5
          br v8, b1, b4(v5)
        b1:
          jump b2(v5, v4)
        b2(v10: i64, v11: i1) in L0:
          v12 = load u8 [v0 + v10*1]
          v13 = ult v12, v3
          guard v13, v11, !0
          v15 = load i16 [v1 + v12*2]
          store i16 v15, [v1 + v10*2 + 64]
          v17 = add v10, v6
          v18 = slt v17, v2
          br v18, b2(v17, v7), b3
        b3:
          jump b4(v15)
        b4(v20: i64):
          ret v20
        """, """
          v5 = const i64 0
          v6 = const i64 1
          v7 = const i1 true
          v8 = sgt v2, v5
          v9 = const i64 4
          v11 = const i64 3
          v12 = const i64 -3
          v27 = const i64 2
          br v8, b1, b8(v5)
        b1:
          v10 = uge v2, v9
          br v10, b2, b5(v5, v4)
        b2:
          v13 = add v2, v12
          jump b3(v5, v4)
        b3(v14: i64, v15: i1) in L0:
          v16 = load u8 [v0 + v14*1]
          v17 = ult v16, v3
          guard v17, v15, !0
          v19 = load i16 [v1 + v16*2]
          store i16 v19, [v1 + v14*2 + 64]
          v21 = add v14, v6
          v22 = load u8 [v0 + v14*1 + 1]
          v23 = ult v22, v3
          guard v23, v7, !0
          v25 = load i16 [v1 + v22*2]
          store i16 v25, [v1 + v14*2 + 66]
          v28 = add v14, v27
          v29 = load u8 [v0 + v14*1 + 2]
          v30 = ult v29, v3
          guard v30, v7, !0
          v32 = load i16 [v1 + v29*2]
          store i16 v32, [v1 + v14*2 + 68]
          v34 = add v14, v11
          v35 = load u8 [v0 + v14*1 + 3]
          v36 = ult v35, v3
          guard v36, v7, !0
          v38 = load i16 [v1 + v35*2]
          store i16 v38, [v1 + v14*2 + 70]
          v40 = add v14, v9
          v41 = slt v40, v13
          br v41, b3(v40, v7), b4
        b4:
          v42 = slt v40, v2
          br v42, b5(v40, v7), b7(v38)
        b5(v43: i64, v44: i1):
          jump b6(v43, v44)
        b6(v45: i64, v46: i1) in L1:
          v47 = load u8 [v0 + v45*1]
          v48 = ult v47, v3
          guard v48, v46, !0
          v50 = load i16 [v1 + v47*2]
          store i16 v50, [v1 + v45*2 + 64]
          v52 = add v45, v6
          v53 = slt v52, v2
          br v53, b6(v52, v7), b7(v50)
        b7(v54: i64):
          jump b8(v54)
        b8(v55: i64):
          ret v55
        """),
    "tails: a call of itself at the end": ("tails", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64 {
        site 0: line 1 zerodivision
        site 1: line 2 call
        site 2: line 3 recursion
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = const i1 false
          enter v0, v3, !2
          v4 = const i64 0
          v5 = eq v2, v4
          br v5, b1, b2
        b1:
          ret v1
        b2:
          v6 = floormod v1, v2
          v7 = call f at @f !1 (v0, v2, v6, v3) : (i64, i64) -> i64
          ret v7
    """, """
          v3 = const i1 false
          v4 = const i64 0
          v12 = const i64 0
          enter v0, v3, !2
          v16 = const i64 1
          v17 = const i64 1048576
          v18 = const i1 false
          jump b1(v1, v2, v12)
        b1(v9: i64, v10: i64, v11: i64) in L0:
          v5 = eq v10, v4
          br v5, b3, b2
        b2 in L0:
          v6 = floormod v9, v10
          v19 = add v11, v16
          v20 = slt v19, v17
          guard v20, v18, !2
          jump b1(v10, v6, v19)
        b3:
          v13 = load i64 [v0 + 24] region 2
          v14 = sub v13, v11
          store i64 v14, [v0 + 24] region 2
          ret v9
    """),
    "tails: another call of itself": ("tails", """
        func f(v0: ptr, v1: i64) -> i64 {
        site 0: line 2 call
        site 1: line 3 recursion
        b0(v0: ptr, v1: i64):
          v2 = const i1 false
          enter v0, v2, !1
          v3 = call f at @f !0 (v0, v1, v2) : (i64) -> i64
          v4 = call f at @f !0 (v0, v3, v2) : (i64) -> i64
          ret v4
    """, """
          v2 = const i1 false
          enter v0, v2, !1
          v3 = call f at @f !0 (v0, v1, v2) : (i64) -> i64
          v4 = call f at @f !0 (v0, v3, v2) : (i64) -> i64
          ret v4
    """),
    "rotate: what the top has tested": ("rotate", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64 {
        site 0: line 1 zerodivision
        loop L0: header b1 preheader b0
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = const i1 false
          v4 = const i64 0
          jump b1(v1, v2)
        b1(v5: i64, v6: i64) in L0:
          v7 = eq v6, v4
          br v7, b3, b2
        b2 in L0:
          v8 = ne v6, v4
          guard v8, v3, !0
          v10 = floormod v5, v6
          jump b1(v6, v10)
        b3:
          ret v5
    """, """
          v3 = const i1 false
          v4 = const i64 0
          v5 = eq v2, v4
          v8 = const i1 true
          br v5, b3(v1), b1
        b1:
          jump b2(v1, v2)
        b2(v6: i64, v7: i64) in L0:
          guard v8, v3, !0
          v10 = floormod v6, v7
          v11 = eq v10, v4
          br v11, b3(v7), b2(v7, v10)
        b3(v12: i64):
          ret v12
    """),
    "addresses: a column, and a sum in an index": ("addresses", """
        func f(v0: ptr, v1: ptr, v2: i64, v3: i64) -> f64 {
        loop L0: header b1 preheader b0 counter v7 step 1 stop v2
        b0(v0: ptr, v1: ptr, v2: i64, v3: i64):
          v4 = const i64 0
          v5 = const f64 0.0
          v6 = const i64 1
          jump b1(v4, v5)
        b1(v7: i64, v8: f64) in L0:
          v9 = mul v2, v7
          v10 = add v9, v3
          v11 = load f64 [v1 + v10*8 + 8] region 1
          v12 = add v7, v3
          v13 = load f64 [v1 + v12*8] region 1
          v14 = fadd v11, v13
          v15 = fadd v8, v14
          v16 = add v7, v6
          v17 = slt v16, v2
          br v17, b1(v16, v15), b2
        b2:
          ret v15
    """, """
          v18 = const i64 3
          v4 = const i64 0
          v5 = const f64 0.0
          v6 = const i64 1
          v19 = shl v3, v18
          v20 = ptradd v1, v19
          v21 = shl v2, v18
          jump b1(v4, v5, v20)
        b1(v7: i64, v8: f64, v22: ptr) in L0:
          v9 = mul v2, v7
          v10 = add v9, v3
          v11 = load f64 [v22 + 8] region 1
          v12 = add v7, v3
          v13 = load f64 [v20 + v7*8] region 1
          v14 = fadd v11, v13
          v15 = fadd v8, v14
          v16 = add v7, v6
          v17 = slt v16, v2
          v23 = ptradd v22, v21
          br v17, b1(v16, v15, v23), b2
        b2:
          ret v15
    """),
    "promote: an element that a loop adds to": ("promote", """
        func f(v0: ptr, v1: ptr, v2: ptr, v3: i64) -> i64 {
        loop L0: header b1 preheader b0 counter v6 step 1 stop v3
        b0(v0: ptr, v1: ptr, v2: ptr, v3: i64):
          v4 = const i64 0
          v5 = const i64 1
          jump b1(v4)
        b1(v6: i64) in L0:
          v7 = load f64 [v1 + 8] region 1
          v8 = load f64 [v2 + v6*8] region 1
          v9 = fadd v7, v8
          store f64 v9, [v1 + 8] region 1
          v10 = add v6, v5
          v11 = slt v10, v3
          br v11, b1(v10), b2
        b2:
          ret v10
    """, """
          v20 = const i64 3
          v14 = const i64 8
          v4 = const i64 0
          v5 = const i64 1
          v13 = sub v3, v5
          v15 = ptradd v1, v14
          v16 = ptradd v15, v14
          v17 = uge v2, v16
          v18 = ptradd v2, v14
          v19 = ule v18, v15
          v21 = shl v13, v20
          v22 = ptradd v2, v21
          v23 = uge v22, v16
          v24 = ptradd v22, v14
          v25 = ule v24, v15
          v26 = and v17, v23
          v27 = and v19, v25
          v28 = or v26, v27
          br v28, b3, b1
        b1 cold:
          jump b2(v4)
        b2(v29: i64) in L0 cold:
          v30 = load f64 [v1 + 8] region 1
          v31 = load f64 [v2 + v29*8] region 1
          v32 = fadd v30, v31
          store f64 v32, [v1 + 8] region 1
          v34 = add v29, v5
          v35 = slt v34, v3
          br v35, b2(v34), b6(v34)
        b3:
          v37 = load f64 [v1 + 8] region 1
          jump b4(v4, v37)
        b4(v6: i64, v38: f64) in L1:
          v8 = load f64 [v2 + v6*8] region 1
          v9 = fadd v38, v8
          v10 = add v6, v5
          v11 = slt v10, v3
          br v11, b4(v10, v9), b5
        b5:
          store f64 v9, [v1 + 8] region 1
          jump b6(v10)
        b6(v36: i64):
          jump b7
        b7:
          ret v36
    """),
    "promote: with nothing else in memory": ("promote", """
        func f(v0: ptr, v1: ptr, v3: i64) -> i64 {
        loop L0: header b1 preheader b0 counter v6 step 1 stop v3
        b0(v0: ptr, v1: ptr, v3: i64):
          v4 = const i64 0
          v5 = const i64 1
          jump b1(v4)
        b1(v6: i64) in L0:
          v7 = load i64 [v1 + 8] region 1
          v9 = add v7, v6
          store i64 v9, [v1 + 8] region 1
          v12 = load i64 [v1 + 8] region 1
          v10 = add v6, v5
          v11 = slt v10, v3
          br v11, b1(v10), b2
        b2:
          ret v12
    """, """
          v4 = const i64 0
          v5 = const i64 1
          v13 = load i64 [v1 + 8] region 1
          jump b1(v4, v13)
        b1(v6: i64, v14: i64) in L0:
          v9 = add v14, v6
          v10 = add v6, v5
          v11 = slt v10, v3
          br v11, b1(v10, v9), b2
        b2:
          store i64 v9, [v1 + 8] region 1
          jump b3
        b3:
          ret v9
    """),
    "promote: lanes in several registers": ("promote", """
        func f(v0: ptr, v1: ptr, v2: i64) {
        loop L0: header b1 preheader b0 counter v5 step 1 stop v2
        b0(v0: ptr, v1: ptr, v2: i64):
          v3 = const i64 0
          v4 = const i64 1
          jump b1(v3)
        b1(v5: i64) in L0:
          v6 = load v4f64 [v0] region 1
          v7 = load v4f64 [v1] region 5
          v8 = fadd v7, v6
          store v4f64 v8, [v1] region 5
          v10 = load v4f64 [v1 + 32] region 5
          v11 = fadd v10, v6
          store v4f64 v11, [v1 + 32] region 5
          v13 = add v5, v4
          v14 = slt v13, v2
          br v14, b1(v13), b2
        b2:
          ret
    """, """
          v3 = const i64 0
          v4 = const i64 1
          v15 = load v4f64 [v1] region 5
          v17 = load v4f64 [v1 + 32] region 5
          jump b1(v3, v15, v17)
        b1(v5: i64, v16: v4f64, v18: v4f64) in L0:
          v6 = load v4f64 [v0] region 1
          v8 = fadd v16, v6
          v11 = fadd v18, v6
          v13 = add v5, v4
          v14 = slt v13, v2
          br v14, b1(v13, v8, v11), b2
        b2:
          store v4f64 v11, [v1 + 32] region 5
          jump b3
        b3:
          store v4f64 v8, [v1] region 5
          jump b4
        b4:
          ret
    """),
    "rotate: while loop that counts": ("rotate", """
        func f(v0: ptr, v1: i64) -> i64 {
        site 0: line 1 overflow
        loop L0: header b1 preheader b0
        b0(v0: ptr, v1: i64):
          v2 = const i64 0
          v3 = const i64 1
          v4 = const i1 false
          jump b1(v2, v2)
        b1(v5: i64, v6: i64) in L0:
          v7 = slt v5, v1
          br v7, b2, b3
        b2 in L0:
          v8 = addo v6, v5, v4, !0
          v9 = addo v5, v3, v4, !0
          jump b1(v9, v8)
        b3:
          ret v6
    """, """
          v2 = const i64 0
          v3 = const i64 1
          v4 = const i1 false
          v5 = sgt v1, v2
          br v5, b1, b3(v2)
        b1:
          jump b2(v2, v2)
        b2(v6: i64, v7: i64) in L0:
          v8 = addo v6, v7, v4, !0
          v9 = addo v7, v3, v4, !0
          v10 = slt v9, v1
          br v10, b2(v8, v9), b3(v8)
        b3(v11: i64):
          ret v11
    """),
    "split: a stencil": ("split", """
        func f(v0: ptr, v1: ptr, v2: i64, v3: i64) -> f64 {
        fact v3 0 9223372036854775807
        site 0: line 1 index
        site 1: line 1 overflow
        site 2: line 1 poll
        loop L0: header b2 preheader b1 counter v8 step 1 stop v2
        b0(v0: ptr, v1: ptr, v2: i64, v3: i64):
          v4 = const i64 0
          v5 = const i64 1
          v6 = const f64 0.0
          v7 = const i1 false
          v20 = const i64 32768
          v21 = sgt v2, v4
          br v21, b1, b3(v6)
        b1:
          jump b2(v4, v6, v20)
        b2(v8: i64, v9: f64, v10: i64) in L0:
          v11 = addo v8, v5, v7, !1
          v12 = index v11, v3, v7, !0
          v13 = load f64 [v1 + v12*8] region 1
          v14 = fadd v9, v13
          v15 = poll v10, v7, !2, 1
          v16 = add v8, v5
          v17 = slt v16, v2
          br v17, b2(v16, v14, v15), b3(v14)
        b3(v18: f64):
          ret v18
    """, """
          v4 = const i64 0
          v5 = const i64 1
          v6 = const f64 0.0
          v7 = const i1 false
          v8 = const i64 32768
          v9 = sgt v2, v4
          v13 = const i64 1152921504606846976
          v14 = const i64 4611686018427387904
          v16 = const i64 -1
          v21 = const i64 16384
          br v9, b1, b8(v6)
        b1:
          v15 = smin v3, v14
          v17 = add v15, v16
          v18 = smin v17, v13
          v19 = smin v2, v18
          v22 = smin v19, v21
          jump b2(v4, v6, v8, v22)
        b2(v10: i64, v11: f64, v12: i64, v20: i64) in L0:
          v23 = slt v10, v20
          br v23, b3, b7
        b3 in L0:
          v24 = add v10, v12
          jump b4(v10, v11)
        b4(v25: i64, v26: f64) in L1:
          v27 = add v25, v5
          v28 = load f64 [v1 + v27*8] region 1
          v29 = fadd v26, v28
          v30 = slt v27, v20
          br v30, b4(v27, v29), b5
        b5 in L0:
          v31 = sub v24, v27
          v32 = slt v27, v2
          br v32, b6, b8(v29)
        b6 in L0 cold:
          v33 = poll v31, v7, !2, 1
          v41 = add v27, v21
          v42 = smin v19, v41
          jump b2(v27, v29, v33, v42)
        b7 in L0 cold:
          v34 = addo v10, v5, v7, !1
          v35 = index v34, v3, v7, !0
          v36 = load f64 [v1 + v35*8] region 1
          v37 = fadd v11, v36
          v38 = poll v12, v7, !2, 1
          v39 = add v10, v5
          v40 = slt v39, v2
          v43 = add v39, v21
          v44 = smin v19, v43
          br v40, b2(v39, v37, v38, v44), b8(v37)
        b8(v45: f64):
          ret v45
    """),
    "split: an index that the rows share": ("split", """
        func f(v0: ptr, v1: i64, v2: i64, v3: i64) -> f64 {
        fact v3 0 9223372036854775807
        fact v11 0 9223372036854775806
        site 0: line 1 index
        site 1: line 1 poll
        site 2: line 1 poll
        loop L0: header b2 preheader b1 counter v11 step 1 stop v1
        loop L1: header b4 preheader b3 parent L0 counter v14 step 1 stop v2
        b0(v0: ptr, v1: i64, v2: i64, v3: i64):
          v4 = const i64 0
          v5 = const i64 1
          v6 = const f64 0.0
          v7 = const i1 false
          v8 = const i64 32768
          v9 = sgt v1, v4
          v10 = sgt v2, v4
          br v9, b1, b7(v6)
        b1:
          jump b2(v4, v6, v8)
        b2(v11: i64, v12: f64, v13: i64) in L0:
          br v10, b3, b6(v12, v13)
        b3 in L0:
          jump b4(v4, v12, v13)
        b4(v14: i64, v15: f64, v16: i64) in L1:
          v17 = index v11, v3, v7, !0
          v18 = load f64 [v0 + v17*8] region 1
          v19 = fadd v15, v18
          v20 = poll v16, v7, !1, 1
          v21 = add v14, v5
          v22 = slt v21, v2
          br v22, b4(v21, v19, v20), b6(v19, v20)
        b6(v23: f64, v24: i64) in L0:
          v25 = poll v24, v7, !2, 1
          v26 = add v11, v5
          v27 = slt v26, v1
          br v27, b2(v26, v23, v25), b7(v23)
        b7(v28: f64):
          ret v28
    """, """
          v4 = const i64 0
          v5 = const i64 1
          v6 = const f64 0.0
          v7 = const i1 false
          v8 = const i64 32768
          v9 = sgt v1, v4
          v10 = sgt v2, v4
          v18 = const i64 -9223372036854775808
          v21 = const i64 16384
          br v9, b1, b11(v6)
        b1:
          v17 = sle v1, v3
          v19 = select v17, v2, v18
          v22 = smin v19, v21
          jump b2(v4, v6, v8)
        b2(v11: i64, v12: f64, v13: i64) in L0:
          br v10, b3, b10(v12, v13)
        b3 in L0:
          jump b4(v4, v12, v13, v22)
        b4(v14: i64, v15: f64, v16: i64, v20: i64) in L1:
          v23 = slt v14, v20
          br v23, b5, b9
        b5 in L1:
          v24 = add v14, v16
          jump b6(v14, v15)
        b6(v25: i64, v26: f64) in L2:
          v27 = load f64 [v0 + v11*8] region 1
          v28 = fadd v26, v27
          v29 = add v25, v5
          v30 = slt v29, v20
          br v30, b6(v29, v28), b7
        b7 in L1:
          v31 = sub v24, v29
          v32 = slt v29, v2
          br v32, b8, b10(v28, v31)
        b8 in L1 cold:
          v33 = poll v31, v7, !1, 1
          v40 = add v29, v21
          v41 = smin v19, v40
          jump b4(v29, v28, v33, v41)
        b9 in L1 cold:
          v34 = index v11, v3, v7, !0
          v35 = load f64 [v0 + v34*8] region 1
          v36 = fadd v15, v35
          v37 = poll v16, v7, !1, 1
          v38 = add v14, v5
          v39 = slt v38, v2
          v42 = add v38, v21
          v43 = smin v19, v42
          br v39, b4(v38, v36, v37, v43), b10(v36, v37)
        b10(v44: f64, v45: i64) in L0:
          v46 = poll v45, v7, !2, 1
          v47 = add v11, v5
          v48 = slt v47, v1
          br v48, b2(v47, v44, v46), b11(v44)
        b11(v49: f64):
          ret v49
    """),
    "split: tests of the borders": ("split", """
        func f(v0: ptr, v1: i64) -> f64 {
        site 0: line 6 poll
        loop L0: header b1 preheader b0 counter v8 step 1 stop v1
        fact v1 0 1152921504606846975
        fact v8 0 1152921504606846974
        b0(v0: ptr, v1: i64):
          v2 = const i64 0
          v3 = const i64 1
          v4 = const i64 -1
          v5 = const f64 0.0
          v6 = const i1 false
          v7 = const i64 32768
          jump b1(v2, v5, v7)
        b1(v8: i64, v9: f64, v10: i64) in L0:
          v11 = sgt v8, v2
          br v11, b2, b3
        b2 in L0:
          v12 = add v8, v4
          v13 = load f64 [v0 + v12*8] region 1
          jump b4(v13)
        b3 in L0:
          jump b4(v5)
        b4(v14: f64) in L0:
          v15 = fadd v9, v14
          v16 = add v1, v4
          v17 = eq v8, v16
          br v17, b5, b6
        b5 in L0:
          jump b7(v5)
        b6 in L0:
          v18 = load f64 [v0 + v8*8 + 8] region 1
          jump b7(v18)
        b7(v19: f64) in L0:
          v20 = fsub v15, v19
          v21 = poll v10, v6, !0, 1
          v22 = add v8, v3
          v23 = slt v22, v1
          br v23, b1(v22, v20, v21), b8
        b8:
          ret v20
    """, """
          v2 = const i64 0
          v3 = const i64 1
          v4 = const i64 -1
          v5 = const f64 0.0
          v6 = const i1 false
          v7 = const i64 32768
          v11 = add v1, v4
          v12 = smin v1, v11
          v14 = const i64 16384
          v15 = smin v12, v14
          v16 = const i64 -9223372036854775808
          v21 = const i1 true
          jump b1(v2, v5, v7, v16)
        b1(v8: i64, v9: f64, v10: i64, v13: i64) in L0:
          v17 = slt v8, v13
          br v17, b2, b7
        b2 in L0:
          v18 = add v8, v10
          jump b3(v8, v9)
        b3(v19: i64, v20: f64) in L1:
          v22 = add v19, v4
          v23 = load f64 [v0 + v22*8] region 1
          jump b4
        b4 in L1:
          v24 = fadd v20, v23
          v25 = load f64 [v0 + v19*8 + 8] region 1
          v26 = fsub v24, v25
          v27 = add v19, v3
          v28 = slt v27, v13
          br v28, b3(v27, v26), b5
        b5 in L0:
          v29 = sub v18, v27
          v30 = slt v27, v1
          br v30, b6, b14(v26)
        b6 in L0 cold:
          v31 = poll v29, v6, !0, 1
          v45 = add v27, v14
          v46 = smin v12, v45
          v47 = sge v27, v3
          v48 = select v47, v46, v16
          jump b1(v27, v26, v31, v48)
        b7 in L0 cold:
          v32 = sgt v8, v2
          br v32, b8, b9
        b8 in L0 cold:
          v33 = add v8, v4
          v34 = load f64 [v0 + v33*8] region 1
          jump b10(v34)
        b9 in L0 cold:
          jump b10(v5)
        b10(v35: f64) in L0 cold:
          v36 = fadd v9, v35
          v37 = add v1, v4
          v38 = eq v8, v37
          br v38, b11, b12
        b11 in L0 cold:
          jump b13(v5)
        b12 in L0 cold:
          v39 = load f64 [v0 + v8*8 + 8] region 1
          jump b13(v39)
        b13(v40: f64) in L0 cold:
          v41 = fsub v36, v40
          v42 = poll v10, v6, !0, 1
          v43 = add v8, v3
          v44 = slt v43, v1
          v49 = add v43, v14
          v50 = smin v12, v49
          v51 = sge v43, v3
          v52 = select v51, v50, v16
          br v44, b1(v43, v41, v42, v52), b14(v41)
        b14(v53: f64):
          ret v53
    """),
    "split: nothing but the poll": ("split", """
        func f(v0: ptr, v1: ptr, v2: i64) -> f64 {
        site 0: line 1 poll
        loop L0: header b2 preheader b1 counter v8 step 1 stop v2
        b0(v0: ptr, v1: ptr, v2: i64):
          v4 = const i64 0
          v5 = const i64 1
          v6 = const f64 0.0
          v7 = const i1 false
          v20 = const i64 32768
          v21 = sgt v2, v4
          br v21, b1, b3(v6)
        b1:
          jump b2(v4, v6, v20)
        b2(v8: i64, v9: f64, v10: i64) in L0:
          v13 = load f64 [v1 + v8*8] region 1
          v14 = fadd v9, v13
          v15 = poll v10, v7, !0, 1
          v16 = add v8, v5
          v17 = slt v16, v2
          br v17, b2(v16, v14, v15), b3(v14)
        b3(v18: f64):
          ret v18
    """, """
          v3 = const i64 0
          v4 = const i64 1
          v5 = const f64 0.0
          v6 = const i1 false
          v7 = const i64 32768
          v8 = sgt v2, v3
          v13 = const i64 16384
          br v8, b1, b6(v5)
        b1:
          v14 = umin v2, v13
          jump b2(v3, v5, v7, v14)
        b2(v9: i64, v10: f64, v11: i64, v12: i64) in L0:
          v15 = add v9, v11
          jump b3(v9, v10)
        b3(v16: i64, v17: f64) in L1:
          v18 = load f64 [v1 + v16*8] region 1
          v19 = fadd v17, v18
          v20 = add v16, v4
          v21 = slt v20, v12
          br v21, b3(v20, v19), b4
        b4 in L0:
          v22 = sub v15, v20
          v23 = slt v20, v2
          br v23, b5, b6(v19)
        b5 in L0 cold:
          v24 = poll v22, v6, !0, 1
          v25 = sub v2, v20
          v26 = umin v25, v13
          v27 = add v20, v26
          jump b2(v20, v19, v24, v27)
        b6(v28: f64):
          ret v28
    """),
    "memory: what was stored, and what was loaded": ("memory", """
        func f(v0: ptr, v1: ptr, v2: i64, v3: i64) -> i64 {
        b0(v0: ptr, v1: ptr, v2: i64, v3: i64):
          v4 = const i64 1
          v5 = load i64 [v1 + v3*8 + 8] region 1
          store u8 v2, [v1 + v3*8] region 1
          v6 = load u8 [v1 + v3*8] region 1
          v7 = add v3, v4
          v8 = load i64 [v1 + v7*8] region 1
          v9 = add v5, v8
          v10 = add v9, v6
          store i64 v10, [v1] region 1
          v11 = load i64 [v1 + v3*8 + 8] region 1
          v12 = add v10, v11
          ret v12
    """, """
          v4 = const i64 1
          v5 = load i64 [v1 + v3*8 + 8] region 1
          store u8 v2, [v1 + v3*8] region 1
          v6 = zext8 v2
          v7 = add v3, v4
          v8 = load i64 [v1 + v7*8] region 1
          v9 = add v5, v5
          v10 = add v9, v6
          store i64 v10, [v1] region 1
          v11 = load i64 [v1 + v3*8 + 8] region 1
          v12 = add v10, v11
          ret v12
    """),
    "memory: out of a loop that does not write there": ("memory", """
        func f(v0: ptr, v1: ptr, v2: i64) -> i64 {
        loop L0: header b1 preheader b0
        b0(v0: ptr, v1: ptr, v2: i64):
          jump b1(v2)
        b1(v3: i64) in L0:
          v4 = load i64 [v1 + 8] region 1
          v5 = sub v3, v4
          v6 = slt v4, v5
          br v6, b1(v5), b2
        b2:
          ret v5
    """, """
          v4 = load i64 [v1 + 8] region 1
          jump b1(v2)
        b1(v3: i64) in L0:
          v5 = sub v3, v4
          v6 = slt v4, v5
          br v6, b1(v5), b2
        b2:
          ret v5
    """),
    "memory: out of a loop that writes into an array made here": ("memory", """
        func f(v0: ptr, v1: ptr, v2: i64) -> i64 {
        loop L0: header b1 preheader b0
        b0(v0: ptr, v1: ptr, v2: i64):
          v3 = ccall PyArray_Empty at 0x10 (v2) : (i64) -> ptr
          v4 = load ptr [v3 + 16] region 3
          v5 = ccall PyArray_Copy at 0x10 (v2) : (i64) -> ptr
          v6 = load ptr [v5 + 16] region 3
          jump b1(v2)
        b1(v7: i64) in L0:
          v8 = load i64 [v1 + 8] region 1
          v9 = load i64 [v6 + 8] region 1
          v10 = add v8, v9
          v11 = sub v7, v10
          store i64 v11, [v4 + v7*8] region 1
          v12 = slt v8, v11
          br v12, b1(v11), b2
        b2:
          ret v11
    """, """
          v3 = ccall PyArray_Empty at 0x10 (v2) : (i64) -> ptr
          v4 = load ptr [v3 + 16] region 3
          v5 = ccall PyArray_Copy at 0x10 (v2) : (i64) -> ptr
          v6 = load ptr [v5 + 16] region 3
          v8 = load i64 [v1 + 8] region 1
          jump b1(v2)
        b1(v7: i64) in L0:
          v9 = load i64 [v6 + 8] region 1
          v10 = add v8, v9
          v11 = sub v7, v10
          store i64 v11, [v4 + v7*8] region 1
          v12 = slt v8, v11
          br v12, b1(v11), b2
        b2:
          ret v11
    """),
    "steady: what a load that has left its loop is for": ("steady", """
        func f(v0: ptr, v1: ptr, v2: i64, v3: f64) -> i64 {
        loop L0: header b1 preheader b0
        b0(v0: ptr, v1: ptr, v2: i64, v3: f64):
          v4 = load f64 [v1 + 8] region 1
          jump b1(v2)
        b1(v5: i64) in L0:
          v6 = ccall cos at 0x10 pure (v4) : (f64) -> f64
          v7 = fdiv v6, v3
          store f64 v7, [v1 + v5*8] region 1
          v8 = sub v5, v2
          v9 = slt v2, v8
          br v9, b1(v8), b2
        b2:
          ret v8
    """, """
          v4 = load f64 [v1 + 8] region 1
          v6 = ccall cos at 0x10 pure (v4) : (f64) -> f64
          v7 = fdiv v6, v3
          jump b1(v2)
        b1(v5: i64) in L0:
          store f64 v7, [v1 + v5*8] region 1
          v8 = sub v5, v2
          v9 = slt v2, v8
          br v9, b1(v8), b2
        b2:
          ret v8
    """),
    "split: a test of the border that is the loop's own": ("split", """
        func f(v0: ptr, v1: ptr, v2: i64) -> i64 {
        site 0: line 6 poll
        loop L0: header b1 preheader b0 counter v7 step 1 stop v2
        fact v2 0 1152921504606846975
        fact v7 0 1152921504606846974
        b0(v0: ptr, v1: ptr, v2: i64):
          v3 = const i64 0
          v4 = const i64 1
          v5 = const i1 true
          v6 = const i64 32768
          jump b1(v3, v6)
        b1(v7: i64, v8: i64) in L0:
          v9 = load i64 [v0 + v7*8] region 1
          v10 = add v7, v4
          v11 = slt v10, v2
          br v11, b2, b3
        b2 in L0:
          v12 = load i64 [v0 + v10*8] region 1
          v13 = add v9, v12
          jump b4(v13)
        b3 in L0:
          jump b4(v9)
        b4(v14: i64) in L0:
          store i64 v14, [v1 + v7*8] region 1
          v16 = poll v8, v5, !0, 1
          br v11, b1(v10, v16), b5
        b5:
          ret v10
    """, """
          v3 = const i64 0
          v4 = const i64 1
          v5 = const i1 true
          v6 = const i64 32768
          v9 = const i64 -1
          v10 = add v2, v9
          v11 = smin v2, v10
          v13 = const i64 16384
          v14 = smin v11, v13
          jump b1(v3, v6, v14)
        b1(v7: i64, v8: i64, v12: i64) in L0:
          v15 = slt v7, v12
          br v15, b2, b7
        b2 in L0:
          v16 = add v7, v8
          jump b3(v7)
        b3(v17: i64) in L1:
          v18 = load i64 [v0 + v17*8] region 1
          v19 = add v17, v4
          v20 = load i64 [v0 + v19*8] region 1
          v21 = add v18, v20
          jump b4
        b4 in L1:
          store i64 v21, [v1 + v17*8] region 1
          v23 = slt v19, v12
          br v23, b3(v19), b5
        b5 in L0:
          v24 = sub v16, v19
          v25 = slt v19, v2
          br v25, b6, b11(v19)
        b6 in L0 cold:
          v26 = poll v24, v5, !0, 1
          v35 = add v19, v13
          v36 = smin v11, v35
          jump b1(v19, v26, v36)
        b7 in L0 cold:
          v27 = load i64 [v0 + v7*8] region 1
          v28 = add v7, v4
          v29 = slt v28, v2
          br v29, b8, b9
        b8 in L0 cold:
          v30 = load i64 [v0 + v28*8] region 1
          v31 = add v27, v30
          jump b10(v31)
        b9 in L0 cold:
          jump b10(v27)
        b10(v32: i64) in L0 cold:
          store i64 v32, [v1 + v7*8] region 1
          v34 = poll v8, v5, !0, 1
          v37 = add v28, v13
          v38 = smin v11, v37
          br v29, b1(v28, v34, v38), b11(v28)
        b11(v39: i64):
          ret v39
    """),
    "split: indices held within the borders": ("split", """
        func f(v0: ptr, v1: ptr, v2: i64) -> i64 {
        site 0: line 6 poll
        loop L0: header b1 preheader b0 counter v8 step 1 stop v2
        fact v2 0 1152921504606846975
        fact v8 0 1152921504606846974
        b0(v0: ptr, v1: ptr, v2: i64):
          v3 = const i64 0
          v4 = const i64 1
          v5 = const i64 -1
          v6 = const i1 true
          v7 = const i64 32768
          v9 = add v2, v5
          jump b1(v3, v7)
        b1(v8: i64, v10: i64) in L0:
          v11 = add v8, v5
          v12 = smax v11, v3
          v13 = load i64 [v0 + v12*8] region 1
          v14 = add v8, v4
          v15 = smin v9, v14
          v16 = load i64 [v0 + v15*8] region 1
          v17 = sub v16, v13
          store i64 v17, [v1 + v8*8] region 1
          v19 = poll v10, v6, !0, 1
          v20 = slt v14, v2
          br v20, b1(v14, v19), b2
        b2:
          ret v14
    """, """
          v3 = const i64 0
          v4 = const i64 1
          v5 = const i64 -1
          v6 = const i1 true
          v7 = const i64 32768
          v8 = add v2, v5
          v11 = add v2, v5
          v12 = smin v2, v11
          v14 = const i64 16384
          v15 = smin v12, v14
          v16 = const i1 false
          v17 = const i64 -9223372036854775808
          jump b1(v3, v7, v17)
        b1(v9: i64, v10: i64, v13: i64) in L0:
          v18 = slt v9, v13
          br v18, b2, b6
        b2 in L0:
          v19 = add v9, v10
          jump b3(v9)
        b3(v20: i64) in L1:
          v21 = add v20, v5
          v22 = load i64 [v0 + v21*8] region 1
          v23 = add v20, v4
          v24 = load i64 [v0 + v23*8] region 1
          v25 = sub v24, v22
          store i64 v25, [v1 + v20*8] region 1
          v27 = slt v23, v13
          br v27, b3(v23), b4
        b4 in L0:
          v28 = sub v19, v23
          v29 = slt v23, v2
          br v29, b5, b7(v23)
        b5 in L0 cold:
          v30 = poll v28, v6, !0, 1
          v41 = add v23, v14
          v42 = smin v12, v41
          v43 = sge v23, v4
          v44 = select v43, v42, v17
          jump b1(v23, v30, v44)
        b6 in L0 cold:
          v31 = add v9, v5
          v32 = smax v31, v3
          v33 = load i64 [v0 + v32*8] region 1
          v34 = add v9, v4
          v35 = smin v8, v34
          v36 = load i64 [v0 + v35*8] region 1
          v37 = sub v36, v33
          store i64 v37, [v1 + v9*8] region 1
          v39 = poll v10, v6, !0, 1
          v40 = slt v34, v2
          v45 = add v34, v14
          v46 = smin v12, v45
          v47 = sge v34, v4
          v48 = select v47, v46, v17
          br v40, b1(v34, v39, v48), b7(v34)
        b7(v49: i64):
          ret v49
    """),
    "unroll: by more iterations what is computed in order anyway": ("unroll", """
        func f(v0: ptr, v1: f64) -> f64 {
        site 0: line 1 poll
        loop L0: header b1 preheader b0 counter v6 step 1 stop v3
        b0(v0: ptr, v1: f64):
          v2 = const i64 0
          v3 = const i64 9
          v4 = const i64 1
          v5 = const i1 false
          v12 = const i64 32768
          jump b1(v2, v1, v12)
        b1(v6: i64, v7: f64, v13: i64) in L0:
          v8 = i2f f64 v6
          v9 = fmul v7, v8
          v14 = poll v13, v5, !0, 1
          v10 = add v6, v4
          v11 = slt v10, v3
          br v11, b1(v10, v9, v14), b2
        b2:
          ret v9
    """, """
          v2 = const i64 0
          v3 = const i64 9
          v4 = const i64 1
          v5 = const i1 false
          v6 = const i64 32768
          v7 = const f64 0.0
          v8 = fmul v1, v7
          v9 = const i1 true
          v10 = const f64 1.0
          v11 = const i64 2
          v12 = const f64 2.0
          v13 = fadd v8, v8
          v14 = const i64 3
          v15 = const f64 3.0
          v16 = fmul v13, v15
          v17 = const i64 4
          v18 = const f64 4.0
          v19 = fmul v16, v18
          v20 = const i64 5
          v21 = const f64 5.0
          v22 = fmul v19, v21
          v23 = const i64 6
          v24 = const f64 6.0
          v25 = fmul v22, v24
          v26 = const i64 7
          v27 = const f64 7.0
          v28 = fmul v25, v27
          v29 = const i64 8
          v30 = const f64 8.0
          v31 = fmul v28, v30
          ret v31
    """),
    "unroll: not where several iterations at a time may be better": ("unroll", """
        func f(v0: ptr, v1: i64) -> i64 {
        loop L0: header b1 preheader b0 counter v6 step 1 stop v3
        b0(v0: ptr, v1: i64):
          v2 = const i64 0
          v3 = const i64 9
          v4 = const i64 1
          jump b1(v2, v1)
        b1(v6: i64, v7: i64) in L0:
          v8 = load i64 [v0 + v6*8] region 1
          v9 = mul v7, v8
          v10 = add v6, v4
          v11 = slt v10, v3
          br v11, b1(v10, v9), b2
        b2:
          ret v9
    """, """
          v2 = const i64 0
          v3 = const i64 9
          v4 = const i64 1
          jump b1(v2, v1)
        b1(v6: i64, v7: i64) in L0:
          v8 = load i64 [v0 + v6*8] region 1
          v9 = mul v7, v8
          v10 = add v6, v4
          v11 = slt v10, v3
          br v11, b1(v10, v9), b2
        b2:
          ret v9
    """),
    "unroll: a loop that ends by what it shifts": ("unroll", """
        func f(v0: ptr, v1: i64) -> i64 {
        loop L0: header b1 preheader b0
        b0(v0: ptr, v1: i64):
          v2 = const i64 16
          v3 = const i64 2
          v4 = const i64 0
          jump b1(v2, v1)
        b1(v5: i64, v6: i64) in L0:
          v7 = xor v6, v5
          v8 = mul v7, v6
          v9 = sar v5, v3
          v10 = ne v9, v4
          br v10, b1(v9, v8), b2
        b2:
          ret v8
    """, """
          v2 = const i64 16
          v3 = const i64 2
          v4 = const i64 0
          v5 = xor v1, v2
          v6 = mul v1, v5
          v7 = const i64 4
          v8 = const i1 true
          v9 = xor v6, v7
          v10 = mul v6, v9
          v11 = const i64 1
          v12 = xor v10, v11
          v13 = mul v10, v12
          v14 = const i1 false
          ret v13
    """),
    "unroll: not where a number overflows before it ends": ("unroll", """
        func f(v0: ptr, v1: i64) -> i64 {
        site 0: line 1 overflow
        loop L0: header b1 preheader b0
        b0(v0: ptr, v1: i64):
          v2 = const i64 4611686018427387904
          v3 = const i64 2
          v4 = const i1 false
          v5 = const i64 3
          jump b1(v2, v1)
        b1(v6: i64, v7: i64) in L0:
          v8 = xor v7, v6
          v9 = mulo v6, v3, v4, !0
          v10 = ne v9, v5
          br v10, b1(v9, v8), b2
        b2:
          ret v8
    """, """
          v2 = const i64 4611686018427387904
          v3 = const i64 2
          v4 = const i1 false
          v5 = const i64 3
          jump b1(v2, v1)
        b1(v6: i64, v7: i64) in L0:
          v8 = xor v7, v6
          v9 = mulo v6, v3, v4, !0
          v10 = ne v9, v5
          br v10, b1(v9, v8), b2
        b2:
          ret v8
    """),
    "unroll: many bits in a loop around": ("unroll", """
        func f(v0: ptr, v1: i64) -> i64 {
        loop L0: header b1 preheader b0 counter v7 step 1 stop v1
        loop L1: header b2 preheader b1 parent L0 counter v9 step 1 stop v3
        b0(v0: ptr, v1: i64):
          v2 = const i64 0
          v3 = const i64 26
          v4 = const i64 1
          jump b1(v2, v2)
        b1(v7: i64, v8: i64) in L0:
          jump b2(v2, v8)
        b2(v9: i64, v10: i64) in L1:
          v11 = xor v10, v7
          v12 = add v9, v4
          v13 = slt v12, v3
          br v13, b2(v12, v11), b3
        b3 in L0:
          v14 = add v7, v4
          v15 = slt v14, v1
          br v15, b1(v14, v11), b4
        b4:
          ret v11
    """, """
          v2 = const i64 0
          v3 = const i64 26
          v4 = const i64 1
          v8 = const i1 true
          v9 = const i64 2
          v10 = const i64 3
          v11 = const i64 4
          v12 = const i64 5
          v13 = const i64 6
          v14 = const i64 7
          v15 = const i64 8
          v16 = const i64 9
          v17 = const i64 10
          v18 = const i64 11
          v19 = const i64 12
          v20 = const i64 13
          v21 = const i64 14
          v22 = const i64 15
          v23 = const i64 16
          v24 = const i64 17
          v25 = const i64 18
          v26 = const i64 19
          v27 = const i64 20
          v28 = const i64 21
          v29 = const i64 22
          v30 = const i64 23
          v31 = const i64 24
          v32 = const i64 25
          v33 = const i1 false
          jump b1(v2, v2)
        b1(v5: i64, v6: i64) in L0:
          v7 = xor v5, v6
          v34 = add v5, v4
          v35 = slt v34, v1
          br v35, b1(v34, v6), b2
        b2:
          ret v6
    """),
    "inductions: a second index": ("inductions", """
        func f(v0: ptr, v1: ptr, v2: i64, v3: i64, v4: i64) -> i64 {
        loop L0: header b1 preheader b0 counter v9 step 2 stop v2
        b0(v0: ptr, v1: ptr, v2: i64, v3: i64, v4: i64):
          v5 = const i64 0
          v6 = const i64 2
          v7 = const i64 6
          v8 = const i64 1
          jump b1(v3, v4, v5, v7)
        b1(v9: i64, v10: i64, v11: i64, v16: i64) in L0:
          store i64 v11, [v1 + v10*8] region 1
          store i64 v16, [v1] region 1
          v12 = sub v10, v7
          v13 = add v11, v8
          v14 = add v9, v6
          v17 = add v16, v6
          v15 = slt v14, v2
          br v15, b1(v14, v12, v13, v17), b2
        b2:
          ret v12
    """, """
          v20 = const i64 -3
          v5 = const i64 0
          v6 = const i64 2
          v7 = const i64 6
          v8 = const i64 1
          v21 = mul v3, v20
          v22 = sub v4, v21
          v25 = sub v7, v3
          jump b1(v3, v5)
        b1(v9: i64, v11: i64) in L0:
          v26 = add v9, v25
          v23 = mul v9, v20
          v24 = add v23, v22
          store i64 v11, [v1 + v24*8] region 1
          store i64 v26, [v1] region 1
          v12 = sub v24, v7
          v13 = add v11, v8
          v14 = add v9, v6
          v17 = add v26, v6
          v15 = slt v14, v2
          br v15, b1(v14, v13), b2
        b2:
          ret v12
    """),
}  # fmt: skip
