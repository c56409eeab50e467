"""Loops over bytes that go on by what they find: for each case the pass, the blocks before, and the blocks after."""

CASES = {
    "rotate: a test ahead of the counter": ("rotate", """
        func f(v0: ptr, v1: i64) -> i64 {
        site 0: line 1 overflow
        site 1: line 1 index
        loop L0: header b1 preheader b0
        b0(v0: ptr, v1: i64):
          v2 = const i64 0
          v3 = const i64 4
          v4 = const i1 false
          jump b1(v2, v2)
        b1(v5: i64, v6: i64) in L0:
          v7 = addo v5, v3, v4, !0
          v8 = sle v7, v1
          br v8, b2, b3
        b2 in L0:
          v10 = index v5, v1, v4, !1
          v11 = load u8 [v0 + v10*1] region 1
          v12 = add v6, v11
          jump b1(v7, v12)
        b3:
          ret v6
    """, """
          v2 = const i64 0
          v3 = const i64 4
          v4 = const i1 false
          v5 = sge v1, v3
          v12 = const i64 3
          v13 = const i64 -3
          br v5, b1, b3(v2)
        b1:
          v14 = add v1, v13
          jump b2(v2, v2)
        b2(v6: i64, v7: i64) in L0:
          v8 = index v6, v1, v4, !1
          v9 = load u8 [v0 + v8*1] region 1
          v10 = add v7, v9
          v11 = addo v6, v3, v4, !0
          v15 = slt v11, v14
          br v15, b2(v11, v10), b3(v10)
        b3(v16: i64):
          ret v16
    """),
    "checks: each way back has passed the same test": ("checks", """
        func f(v0: ptr, v1: i64) -> i64 {
        fact v1 0 1152921504606846975
        site 0: line 1 overflow
        site 1: line 1 index
        loop L0: header b2 preheader b1
        b0(v0: ptr, v1: i64):
          v2 = const i64 0
          v3 = const i64 2
          v4 = const i1 false
          v15 = const i64 1
          v5 = sgt v1, v2
          br v5, b1, b5(v2)
        b1:
          jump b2(v2, v2)
        b2(v6: i64, v7: i64) in L0:
          v8 = index v6, v1, v4, !1
          v9 = load u8 [v0 + v8*1] region 1
          v10 = add v7, v9
          v11 = and v9, v15
          v12 = addo v11, v3, v4, !0
          v13 = addo v6, v12, v4, !0
          v14 = slt v13, v1
          br v14, b2(v13, v10), b5(v10)
        b5(v16: i64):
          ret v16
    """, """
          v2 = const i64 0
          v3 = const i64 2
          v4 = const i1 false
          v5 = const i64 1
          v6 = sgt v1, v2
          br v6, b1, b3(v2)
        b1:
          jump b2(v2, v2)
        b2(v7: i64, v8: i64) in L0:
          v9 = load u8 [v0 + v7*1] region 1
          v10 = add v8, v9
          v11 = and v9, v5
          v12 = add v11, v3
          v13 = add v7, v12
          v14 = slt v13, v1
          br v14, b2(v13, v10), b3(v10)
        b3(v15: i64):
          ret v15
    """),
    "digits: decimal": ("digits", """
        func f(v0: ptr, v1: i64) -> i64 {
        site 0: line 1 overflow
        site 1: line 1 overflow
        loop L0: header b1 preheader b0 counter v6 step 1 stop v1
        b0(v0: ptr, v1: i64):
          v2 = const i64 0
          v3 = const i64 10
          v4 = const i1 false
          v5 = const i64 1
          v17 = const i64 48
          jump b1(v2, v2)
        b1(v6: i64, v7: i64) in L0:
          v8 = load u8 [v0 + v6*1] region 1
          v9 = mulo v7, v3, v4, !0
          v10 = addo v9, v8, v4, !1
          v11 = subo v10, v17, v4, !1
          v12 = add v6, v5
          v13 = slt v12, v1
          br v13, b1(v12, v11), b2
        b2:
          ret v11
    """, """
          v25 = const i64 922337203685477555
          v21 = const i64 -48
          v2 = const i64 0
          v3 = const i64 10
          v4 = const i1 false
          v5 = const i64 1
          v17 = const i64 48
          jump b1(v2, v2)
        b1(v6: i64, v7: i64) in L0:
          v8 = load u8 [v0 + v6*1] region 1
          v26 = ule v7, v25
          br v26, b3, b4
        b3 in L0:
          v22 = add v8, v21
          v23 = mul v7, v3
          v24 = add v23, v22
          jump b5(v24)
        b4 in L0 cold:
          v18 = mulo v7, v3, v4, !0
          v19 = addo v18, v8, v4, !1
          v20 = subo v19, v17, v4, !1
          jump b5(v20)
        b5(v11: i64) in L0:
          v12 = add v6, v5
          v13 = slt v12, v1
          br v13, b1(v12, v11), b2
        b2:
          ret v11
    """),
    "digits: what is added may be anything": ("digits", """
        func f(v0: ptr, v1: i64) -> i64 {
        site 0: line 1 overflow
        site 1: line 1 overflow
        loop L0: header b1 preheader b0 counter v6 step 1 stop v1
        b0(v0: ptr, v1: i64):
          v2 = const i64 0
          v3 = const i64 10
          v4 = const i1 false
          v5 = const i64 1
          jump b1(v2, v2)
        b1(v6: i64, v7: i64) in L0:
          v8 = load i64 [v0 + v6*8] region 1
          v9 = mulo v7, v3, v4, !0
          v10 = addo v9, v8, v4, !1
          v12 = add v6, v5
          v13 = slt v12, v1
          br v13, b1(v12, v10), b2
        b2:
          ret v10
    """, """
          v2 = const i64 0
          v3 = const i64 10
          v4 = const i1 false
          v5 = const i64 1
          jump b1(v2, v2)
        b1(v6: i64, v7: i64) in L0:
          v8 = load i64 [v0 + v6*8] region 1
          v9 = mulo v7, v3, v4, !0
          v10 = addo v9, v8, v4, !1
          v12 = add v6, v5
          v13 = slt v12, v1
          br v13, b1(v12, v10), b2
        b2:
          ret v10
    """),
    "checks: a way back that has passed a comparison": ("checks", """
        func f(v0: ptr, v1: i64) -> i64 {
        site 0: line 1 overflow
        loop L0: header b1 preheader b0 counter v6 step 1 stop v1
        b0(v0: ptr, v1: i64):
          v2 = const i64 0
          v3 = const i64 7
          v4 = const i1 false
          v5 = const i64 1
          v20 = const i64 28
          v22 = const i64 127
          v21 = const i64 64
          jump b1(v2, v2)
        b1(v6: i64, v7: i64) in L0:
          v8 = load u8 [v0 + v6*1] region 1
          v9 = sge v7, v2
          guard v9, v4, !0
          v11 = ult v7, v21
          guard v11, v4, !0
          v23 = and v8, v22
          v13 = shl v23, v7
          v14 = sar v13, v7
          v15 = eq v14, v23
          guard v15, v4, !0
          v17 = ne v23, v2
          br v17, b2, b3(v2)
        b2 in L0:
          v18 = addo v7, v3, v4, !0
          v19 = sgt v18, v20
          br v19, b4, b3(v18)
        b4 in L0:
          jump b3(v2)
        b3(v30: i64) in L0:
          v31 = add v6, v5
          v32 = slt v31, v1
          br v32, b1(v31, v30), b5
        b5:
          ret v13
    """, """
          v2 = const i64 0
          v3 = const i64 7
          v4 = const i1 false
          v5 = const i64 1
          v6 = const i64 28
          v7 = const i64 127
          v8 = const i64 64
          v12 = const i1 true
          jump b1(v2, v2)
        b1(v9: i64, v10: i64) in L0:
          v11 = load u8 [v0 + v9*1] region 1
          v13 = and v11, v7
          v14 = shl v13, v10
          v15 = ne v13, v2
          br v15, b2, b4(v2)
        b2 in L0:
          v16 = add v10, v3
          v17 = sgt v16, v6
          br v17, b3, b4(v16)
        b3 in L0:
          jump b4(v2)
        b4(v18: i64) in L0:
          v19 = add v9, v5
          v20 = slt v19, v1
          br v20, b1(v19, v18), b5
        b5:
          ret v14
    """),
}
