"""Passes that look at scalar loops: for each case the pass, the blocks before, and the blocks after."""

CASES = {
    "split: a part of a number is the index of a table": ("split", """
        func f(v0: ptr, v1: ptr, v2: i64, v3: i64, v4: i1) -> i64 {
        site 0: line 1 index
        site 1: line 1 poll
        loop L0: header b1 preheader b0 counter v9 step 1 stop v2
        b0(v0: ptr, v1: ptr, v2: i64, v3: i64, v4: i1):
          v5 = const i64 0
          v6 = const i64 1
          v7 = const i64 6
          v8 = const i64 32768
          jump b1(v5, v5, v8)
        b1(v9: i64, v10: i64, v11: i64) in L0:
          v12 = load i64 [v0 + v9*8] region 1
          v13 = add v12, v10
          v14 = zext16 v13
          v15 = sar v14, v7
          v16 = ult v15, v3
          guard v16, v4, !0
          v18 = load i64 [v1 + v15*8] region 1
          v19 = add v10, v18
          v20 = poll v11, v4, !1, 1
          v21 = add v9, v6
          v22 = slt v21, v2
          br v22, b1(v21, v19, v20), b2
        b2:
          ret v19
    """, """
          v5 = const i64 0
          v6 = const i64 1
          v7 = const i64 6
          v8 = const i64 32768
          v12 = const i64 1023
          v13 = sge v3, v5
          v14 = ugt v3, v12
          v15 = and v13, v14
          v16 = const i64 -9223372036854775808
          v17 = select v15, v2, v16
          v19 = const i64 16384
          v20 = smin v17, v19
          jump b1(v5, v5, v8, v20)
        b1(v9: i64, v10: i64, v11: i64, v18: i64) in L0:
          v21 = slt v9, v18
          br v21, b2, b6
        b2 in L0:
          v22 = add v9, v11
          jump b3(v9, v10)
        b3(v23: i64, v24: i64) in L1:
          v25 = load i64 [v0 + v23*8] region 1
          v26 = add v24, v25
          v27 = zext16 v26
          v28 = sar v27, v7
          v29 = ult v28, v3
          v30 = load i64 [v1 + v28*8] region 1
          v31 = add v24, v30
          v32 = add v23, v6
          v33 = slt v32, v18
          br v33, b3(v32, v31), b4
        b4 in L0:
          v34 = sub v22, v32
          v35 = slt v32, v2
          br v35, b5, b7(v31)
        b5 in L0 cold:
          v36 = poll v34, v4, !1, 1
          v48 = add v32, v19
          v49 = smin v17, v48
          jump b1(v32, v31, v36, v49)
        b6 in L0 cold:
          v37 = load i64 [v0 + v9*8] region 1
          v38 = add v37, v10
          v39 = zext16 v38
          v40 = sar v39, v7
          v41 = ult v40, v3
          guard v41, v4, !0
          v43 = load i64 [v1 + v40*8] region 1
          v44 = add v10, v43
          v45 = poll v11, v4, !1, 1
          v46 = add v9, v6
          v47 = slt v46, v2
          v50 = add v46, v19
          v51 = smin v17, v50
          br v47, b1(v46, v44, v45, v51), b7(v44)
        b7(v52: i64):
          ret v52
    """),
    "select: two branches, the second by what is loaded again": ("select", """
        func f(v0: ptr, v1: ptr, v2: i64) -> i64 {
        loop L0: header b1 preheader b0 counter v6 step 1 stop v2
        b0(v0: ptr, v1: ptr, v2: i64):
          v3 = const i64 0
          v4 = const i64 1
          v5 = const i64 500
          jump b1(v3, v3)
        b1(v6: i64, v7: i64) in L0:
          v8 = load i64 [v0 + v6*8] region 1
          v9 = load i64 [v1 + v8*8] region 1
          v10 = sge v9, v3
          br v10, b2, b4
        b2 in L0:
          v11 = load i64 [v1 + v8*8] region 1
          v12 = sub v6, v11
          v13 = slt v12, v5
          br v13, b3, b4
        b3 in L0:
          v14 = add v7, v4
          jump b5(v14)
        b4 in L0:
          jump b5(v7)
        b5(v15: i64) in L0:
          store i64 v6, [v1 + v8*8] region 1
          v17 = add v6, v4
          v18 = slt v17, v2
          br v18, b1(v17, v15), b6
        b6:
          ret v15
    """, """
          v3 = const i64 0
          v4 = const i64 1
          v5 = const i64 500
          jump b1(v3, v3)
        b1(v6: i64, v7: i64) in L0:
          v8 = load i64 [v0 + v6*8] region 1
          v9 = load i64 [v1 + v8*8] region 1
          v10 = sge v9, v3
          v11 = load i64 [v1 + v8*8] region 1
          v12 = sub v6, v11
          v13 = slt v12, v5
          v19 = and v10, v13
          v14 = add v7, v4
          v20 = select v19, v14, v7
          store i64 v6, [v1 + v8*8] region 1
          v17 = add v6, v4
          v18 = slt v17, v2
          br v18, b1(v17, v20), b2
        b2:
          ret v20
    """),
    "select: a number that is cut to its width": ("select", """
        func f(v0: ptr, v1: i64) -> i64 {
        loop L0: header b1 preheader b0 counter v7 step 1 stop v1
        b0(v0: ptr, v1: i64):
          v2 = const i64 0
          v3 = const i64 1
          v4 = const i64 128
          v5 = const i64 27
          jump b1(v2, v2)
        b1(v7: i64, v8: i64) in L0:
          v9 = load u8 [v0 + v7*1] region 1
          v10 = and v9, v4
          v11 = ne v10, v2
          v12 = shl v9, v3
          br v11, b2, b3(v12)
        b2 in L0:
          v13 = xor v12, v5
          v14 = zext8 v13
          jump b3(v14)
        b3(v15: i64) in L0:
          v16 = xor v8, v15
          v17 = add v7, v3
          v18 = slt v17, v1
          br v18, b1(v17, v16), b4
        b4:
          ret v16
    """, """
          v2 = const i64 0
          v3 = const i64 1
          v4 = const i64 128
          v5 = const i64 27
          jump b1(v2, v2)
        b1(v7: i64, v8: i64) in L0:
          v9 = load u8 [v0 + v7*1] region 1
          v10 = and v9, v4
          v11 = ne v10, v2
          v12 = shl v9, v3
          v13 = xor v12, v5
          v14 = zext8 v13
          v19 = select v11, v14, v12
          v16 = xor v8, v19
          v17 = add v7, v3
          v18 = slt v17, v1
          br v18, b1(v17, v16), b2
        b2:
          ret v16
    """),
    "partial: what is handed on from one variable to another": ("partial", """
        func f(v10: ptr, v0: i64, v1: i1) -> i64 {
        site 0: line 1 overflow
        loop L0: header b1 preheader b0 counter v4 step 1 stop v0
        b0(v10: ptr, v0: i64, v1: i1):
          v2 = const i64 0
          v3 = const i64 1
          jump b1(v2, v2, v3)
        b1(v4: i64, v5: i64, v6: i64) in L0:
          v7 = addo v5, v6, v1, !0
          v8 = add v4, v3
          v9 = slt v8, v0
          br v9, b1(v8, v6, v7), b2
        b2:
          ret v7
    """, """
          v3 = const i64 0
          v4 = const i64 1
          v5 = const i64 4
          v6 = uge v1, v5
          v7 = const i64 3
          v8 = const i64 -3
          v16 = const i64 2
          br v6, b1, b4(v3, v3, v4)
        b1:
          v9 = add v1, v8
          jump b2(v3, v3, v4)
        b2(v10: i64, v11: i64, v12: i64) in L0:
          v13 = addo v11, v12, v2, !0
          v14 = add v10, v4
          v15 = addo v12, v13, v2, !0
          v17 = add v10, v16
          v18 = addo v13, v15, v2, !0
          v19 = add v10, v7
          v20 = addo v15, v18, v2, !0
          v21 = add v10, v5
          v22 = slt v21, v9
          br v22, b2(v21, v18, v20), b3
        b3:
          v23 = slt v21, v1
          br v23, b4(v21, v18, v20), b6(v20)
        b4(v24: i64, v25: i64, v26: i64):
          jump b5(v24, v25, v26)
        b5(v27: i64, v28: i64, v29: i64) in L1:
          v30 = addo v28, v29, v2, !0
          v31 = add v27, v4
          v32 = slt v31, v1
          br v32, b5(v31, v29, v30), b6(v30)
        b6(v33: i64):
          ret v33
    """),
    "latches: two arms": ("latches", """
        func f(v0: ptr, v1: i64) -> i64 {
        loop L0: header b1 preheader b0 counter v6 step 1 stop v1
        b0(v0: ptr, v1: i64):
          v2 = const i64 0
          v3 = const i64 1
          v4 = const i64 9
          jump b1(v2, v2, v2)
        b1(v6: i64, v7: i64, v8: i64) in L0:
          v9 = load u8 [v0 + v6*1] region 1
          v10 = ule v9, v4
          br v10, b2, b3
        b2 in L0:
          v11 = mul v7, v4
          v12 = add v11, v9
          jump b4(v12, v8)
        b3 in L0:
          v13 = xor v7, v8
          jump b4(v2, v13)
        b4(v14: i64, v15: i64) in L0:
          v16 = add v6, v3
          v17 = slt v16, v1
          br v17, b1(v16, v14, v15), b5
        b5:
          v18 = add v15, v14
          ret v18
    """, """
          v2 = const i64 0
          v3 = const i64 1
          v4 = const i64 9
          jump b1(v2, v2, v2)
        b1(v6: i64, v7: i64, v8: i64) in L0:
          v9 = load u8 [v0 + v6*1] region 1
          v10 = ule v9, v4
          br v10, b2, b3
        b2 in L0:
          v11 = mul v7, v4
          v12 = add v11, v9
          v21 = add v6, v3
          v22 = slt v21, v1
          br v22, b1(v21, v12, v8), b5(v12, v8)
        b3 in L0:
          v13 = xor v7, v8
          jump b4(v2, v13)
        b4(v14: i64, v15: i64) in L0:
          v16 = add v6, v3
          v17 = slt v16, v1
          br v17, b1(v16, v14, v15), b5(v14, v15)
        b5(v19: i64, v20: i64):
          v18 = add v20, v19
          ret v18
    """),
}
