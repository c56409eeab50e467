"""Passes that look at tests, and checks: for each case the pass, the blocks before, and the blocks after."""

CASES = {
    "checks: a clipped float fits": ("checks", """
        func f(v0: ptr, v1: i64, v2: i1) -> i64 {
        site 0: line 1 evaluate
        site 1: line 1 evaluate
        b0(v0: ptr, v1: i64, v2: i1):
          v3 = const f64 0.0
          v4 = const f64 255.0
          v5 = const f64 -9.223372036854776e+18
          v6 = const i64 -9223372036854775808
          v7 = const i64 255
          v8 = load u8 [v0]
          v9 = i2f f64 v8
          v10 = const f64 1.2
          v11 = fmul v9, v10
          v12 = flt v11, v4
          br v12, b1, b2(v4)
        b1:
          jump b2(v11)
        b2(v14: f64):
          v15 = f2i v14
          v16 = feq v14, v5
          v17 = ne v15, v6
          v18 = or v16, v17
          guard v18, v2, !0
          v20 = ule v15, v7
          guard v20, v2, !1
          ret v15
        """, """
          v3 = const f64 0.0
          v4 = const f64 255.0
          v5 = const f64 -9.223372036854776e+18
          v6 = const i64 -9223372036854775808
          v7 = const i64 255
          v8 = load u8 [v0]
          v9 = i2f f64 v8
          v10 = const f64 1.2
          v11 = fmul v9, v10
          v12 = flt v11, v4
          v15 = const i1 false
          v16 = const i1 true
          br v12, b1, b2(v4)
        b1:
          jump b2(v11)
        b2(v13: f64):
          v14 = f2i v13
          ret v14
        """),
    "checks: a float within bounds that may be NaN": ("checks", """
        func f(v0: ptr, v1: f64, v2: i1) -> i64 {
        site 0: line 1 evaluate
        site 1: line 1 evaluate
        b0(v0: ptr, v1: f64, v2: i1):
          v3 = const f64 0.0
          v4 = const f64 255.0
          v5 = const f64 -9.223372036854776e+18
          v6 = const i64 -9223372036854775808
          v7 = const i64 255
          v8 = fmax v3, v1
          v9 = fmin v4, v8
          v15 = f2i v9
          v16 = feq v9, v5
          v17 = ne v15, v6
          v18 = or v16, v17
          guard v18, v2, !0
          v20 = ule v15, v7
          guard v20, v2, !1
          ret v15
        """, """
          v3 = const f64 0.0
          v4 = const f64 255.0
          v5 = const f64 -9.223372036854776e+18
          v6 = const i64 -9223372036854775808
          v7 = const i64 255
          v8 = fmax v3, v1
          v9 = fmin v4, v8
          v10 = f2i v9
          v11 = const i1 false
          v12 = ne v10, v6
          guard v12, v2, !0
          v14 = const i1 true
          ret v10
        """),
    "checks: up to 2**63 it does not fit": ("checks", """
        func f(v0: ptr, v1: i64, v2: i1) -> i64 {
        site 0: line 1 evaluate
        b0(v0: ptr, v1: i64, v2: i1):
          v6 = const i64 -9223372036854775808
          v9 = i2f f64 v1
          v15 = f2i v9
          v17 = ne v15, v6
          guard v17, v2, !0
          ret v15
        """, """
          v6 = const i64 -9223372036854775808
          v9 = i2f f64 v1
          v15 = f2i v9
          v17 = ne v15, v6
          guard v17, v2, !0
          ret v15
        """),
    "between: both ends of an interval": ("between", """
        func f(v0: ptr, v1: i64) -> i64 {
        b0(v0: ptr, v1: i64):
          v2 = const i64 97
          v3 = const i64 122
          v4 = const i64 1
          v5 = const i64 2
          v6 = sge v1, v2
          br v6, b1, b3(v4)
        b1:
          v7 = sle v1, v3
          br v7, b2, b3(v4)
        b2:
          ret v5
        b3(v8: i64):
          ret v8
        """, """
          v11 = const i64 25
          v9 = const i64 -97
          v4 = const i64 1
          v5 = const i64 2
          v10 = add v1, v9
          v12 = ule v10, v11
          br v12, b1, b2
        b1:
          ret v5
        b2:
          ret v4
        """),
    "between: below what is not negative": ("between", """
        func f(v0: ptr, v1: i64, v2: i64, v3: i64) -> i64 {
        fact v2 0 1152921504606846975
        b0(v0: ptr, v1: i64, v2: i64, v3: i64):
          v4 = const i64 0
          v5 = sge v1, v4
          br v5, b1, b4(v4)
        b1:
          v6 = slt v1, v2
          br v6, b2, b4(v4)
        b2:
          v7 = slt v3, v4
          br v7, b4(v3), b3
        b3:
          v8 = sge v3, v1
          br v8, b4(v3), b5
        b4(v9: i64):
          ret v9
        b5:
          ret v2
    """, """
          v4 = const i64 0
          v10 = ult v1, v2
          br v10, b1, b4(v4)
        b1:
          v7 = slt v3, v4
          br v7, b4(v3), b2
        b2:
          v8 = sge v3, v1
          br v8, b4(v3), b3
        b3:
          ret v2
        b4(v9: i64):
          ret v9
    """),
    "between: outside of an interval": ("between", """
        func f(v0: ptr, v1: i64) -> i64 {
        b0(v0: ptr, v1: i64):
          v2 = const i64 0
          v3 = const i64 9
          v4 = const i64 1
          v5 = const i64 2
          v6 = slt v1, v2
          br v6, b3(v4), b1
        b1:
          v7 = sgt v1, v3
          br v7, b3(v4), b2
        b2:
          ret v5
        b3(v8: i64):
          ret v8
        """, """
          v3 = const i64 9
          v4 = const i64 1
          v5 = const i64 2
          v9 = ule v1, v3
          br v9, b1, b2
        b1:
          ret v5
        b2:
          ret v4
    """),
    "between: nothing where the ways out differ": ("between", """
        func f(v0: ptr, v1: i64) -> i64 {
        b0(v0: ptr, v1: i64):
          v2 = const i64 97
          v3 = const i64 122
          v4 = const i64 1
          v6 = sge v1, v2
          br v6, b1, b3(v4)
        b1:
          v7 = sle v1, v3
          br v7, b2, b3(v2)
        b2:
          ret v3
        b3(v8: i64):
          ret v8
        """, """
          v2 = const i64 97
          v3 = const i64 122
          v4 = const i64 1
          v6 = sge v1, v2
          br v6, b1, b3(v4)
        b1:
          v7 = sle v1, v3
          br v7, b2, b3(v2)
        b2:
          ret v3
        b3(v8: i64):
          ret v8
        """),
    "checks: shifted there and back": ("checks", """
        func f(v0: ptr, v1: ptr, v2: i64) -> i64, i64 {
        site 0: line 1 overflow
        site 1: line 1 overflow
        b0(v0: ptr, v1: ptr, v2: i64):
          v3 = const i1 false
          v4 = const i64 48
          v5 = load u16 [v1] region 1
          v6 = load u8 [v1] region 1
          v7 = shl v6, v4
          v8 = sar v7, v4
          v9 = eq v6, v8
          guard v9, v3, !0
          v11 = shl v5, v4
          v12 = sar v11, v4
          v13 = eq v5, v12
          guard v13, v3, !1
          ret v7, v11
    """, """
          v3 = const i1 false
          v4 = const i64 48
          v5 = load u16 [v1] region 1
          v6 = load u8 [v1] region 1
          v7 = shl v6, v4
          v8 = const i1 true
          v9 = shl v5, v4
          v10 = sext16 v5
          v11 = eq v5, v10
          guard v11, v3, !1
          ret v7, v9
    """),
    "checks: a root of a sum of squares, and a quotient": ("checks", """
        func f(v0: ptr, v1: f64, v2: f64) -> f64 {
        site 0: line 1 domain
        site 1: line 2 division
        b0(v0: ptr, v1: f64, v2: f64):
          v3 = const i1 false
          v4 = const f64 0.0
          v5 = const f64 1.0
          v6 = fmul v1, v1
          v7 = fmul v2, v2
          v8 = fadd v6, v7
          v9 = flt v8, v4
          v10 = not v9
          guard v10, v3, !0
          v12 = fsqrt v8
          v13 = fadd v12, v5
          v14 = fne v13, v4
          guard v14, v3, !1
          v16 = fdiv v2, v13
          ret v16
    """, """
          v3 = const i1 false
          v4 = const f64 0.0
          v5 = const f64 1.0
          v6 = fmul v1, v1
          v7 = fmul v2, v2
          v8 = fadd v6, v7
          v9 = const i1 true
          v10 = fsqrt v8
          v11 = fadd v10, v5
          v12 = fdiv v2, v11
          ret v12
    """),
    "checks: counter of a range loop": ("checks", """
        func f(v0: ptr, v1: ptr, v2: i64) -> f64 {
        fact v2 0 9223372036854775807
        site 0: line 1 index
        site 1: line 1 overflow
        loop L0: header b2 preheader b1 counter v7 step 1 stop v2
        b0(v0: ptr, v1: ptr, v2: i64):
          v3 = const i64 0
          v4 = const i64 1
          v5 = const f64 0.0
          v6 = const i1 false
          v20 = sgt v2, v3
          br v20, b1, b3(v5)
        b1:
          jump b2(v3, v5)
        b2(v7: i64, v8: f64) in L0:
          v9 = index v7, v2, v6, !0
          v10 = addo v9, v4, v6, !1
          v11 = load f64 [v1 + v9*8] region 1
          v12 = i2f f64 v10
          v13 = fmul v11, v12
          v14 = fadd v8, v13
          v15 = add v7, v4
          v16 = slt v15, v2
          br v16, b2(v15, v14), b3(v14)
        b3(v17: f64):
          ret v17
    """, """
          v3 = const i64 0
          v4 = const i64 1
          v5 = const f64 0.0
          v6 = const i1 false
          v7 = sgt v2, v3
          br v7, b1, b3(v5)
        b1:
          jump b2(v3, v5)
        b2(v8: i64, v9: f64) in L0:
          v10 = add v8, v4
          v11 = load f64 [v1 + v8*8] region 1
          v12 = i2f f64 v10
          v13 = fmul v11, v12
          v14 = fadd v9, v13
          v15 = slt v10, v2
          br v15, b2(v10, v14), b3(v14)
        b3(v16: f64):
          ret v16
    """),
    "checks: an index that is not negative": ("checks", """
        func f(v0: ptr, v1: ptr, v2: i64, v3: i64) -> f64 {
        site 0: line 1 index
        b0(v0: ptr, v1: ptr, v2: i64, v3: i64):
          v4 = const i1 false
          v5 = zext8 v3
          v6 = index v5, v2, v4, !0
          v7 = load f64 [v1 + v6*8] region 1
          ret v7
    """, """
          v4 = const i1 false
          v5 = zext8 v3
          v6 = ult v5, v2
          guard v6, v4, v5, v2, !0
          v8 = load f64 [v1 + v5*8] region 1
          ret v8
    """),
    "checks: conditions that dominate": ("checks", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64 {
        site 0: line 1 overflow
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = const i1 false
          v4 = const i64 1
          v5 = slt v1, v2
          br v5, b1, b2
        b1:
          v6 = addo v1, v4, v3, !0
          v7 = sgt v6, v2
          br v7, b3, b4
        b2:
          ret v1
        b3:
          ret v2
        b4:
          ret v6
    """, """
          v3 = const i1 false
          v4 = const i64 1
          v5 = slt v1, v2
          br v5, b1, b3
        b1:
          v6 = add v1, v4
          jump b2
        b2:
          ret v6
        b3:
          ret v1
    """),
    "checks: windows side by side": ("checks", """
        func f(v0: ptr, v1: ptr, v2: i64, v3: i64) -> i64 {
        fact v2 0 1000000000000
        site 0: line 1 overflow
        site 1: line 1 index
        loop L0: header b2 preheader b1 counter v10 step 1 stop v7
        loop L1: header b4 preheader b3 parent L0 counter v12 step 1 stop v3
        b0(v0: ptr, v1: ptr, v2: i64, v3: i64):
          v4 = const i1 false
          v5 = const i64 0
          v6 = const i64 1
          v7 = floordiv v2, v3
          v8 = sgt v7, v5
          br v8, b1, b6
        b1:
          jump b2(v5)
        b2(v10: i64) in L0:
          v11 = sgt v3, v5
          br v11, b3, b5
        b3 in L0:
          jump b4(v5)
        b4(v12: i64) in L1:
          v13 = mulo v10, v3, v4, !0
          v14 = addo v13, v12, v4, !0
          v15 = index v14, v2, v4, !1
          store u8 v5, [v1 + v15*1]
          v16 = addo v14, v6, v4, !0
          v17 = index v16, v2, v4, !1
          store u8 v5, [v1 + v17*1]
          v18 = add v12, v6
          v19 = slt v18, v3
          br v19, b4(v18), b5
        b5 in L0:
          v20 = add v10, v6
          v21 = slt v20, v7
          br v21, b2(v20), b6
        b6:
          ret v5
    """, """
          v4 = const i1 false
          v5 = const i64 0
          v6 = const i64 1
          v7 = floordiv v2, v3
          v8 = sgt v7, v5
          br v8, b1, b6
        b1:
          v10 = sgt v3, v5
          jump b2(v5)
        b2(v9: i64) in L0:
          br v10, b3, b5
        b3 in L0:
          v12 = mul v3, v9
          jump b4(v5)
        b4(v11: i64) in L1:
          v13 = add v11, v12
          store u8 v5, [v1 + v13*1]
          v15 = add v13, v6
          v16 = index v15, v2, v4, !1
          store u8 v5, [v1 + v16*1]
          v18 = add v11, v6
          v19 = slt v18, v3
          br v19, b4(v18), b5
        b5 in L0:
          v20 = add v9, v6
          v21 = slt v20, v7
          br v21, b2(v20), b6
        b6:
          ret v5
    """),
    "checks: division by powers of two, remainders in range": ("checks", """
        func f(v0: ptr, v1: i64) -> i64, i64, i64 {
        b0(v0: ptr, v1: i64):
          v2 = const i64 8
          v3 = const i64 1000
          v4 = floordiv v1, v2
          v5 = floormod v1, v2
          v6 = floormod v5, v3
          v7 = sext32 v5
          ret v4, v6, v7
    """, """
          v2 = const i64 8
          v3 = const i64 1000
          v4 = const i64 3
          v5 = sar v1, v4
          v6 = const i64 7
          v7 = and v1, v6
          ret v5, v7, v7
    """),
    "checks: division of what is not negative": ("checks", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64, i64, i64, i64 {
        fact v1 0 1000
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = const i64 10
          v4 = const i64 0
          v5 = floordiv v1, v3
          v6 = floormod v1, v3
          v7 = sgt v2, v4
          br v7, b1, b2
        b1:
          v8 = floormod v1, v2
          ret v5, v6, v8, v8
        b2:
          v9 = floormod v2, v3
          ret v5, v6, v9, v9
    """, """
          v3 = const i64 10
          v4 = const i64 0
          v5 = const i64 6554
          v6 = mul v1, v5
          v7 = const i64 16
          v8 = lshr v6, v7
          v9 = mul v8, v3
          v10 = sub v1, v9
          v11 = sgt v2, v4
          br v11, b1, b2
        b1:
          v12 = urem v1, v2
          ret v8, v10, v12, v12
        b2:
          v13 = floormod v2, v3
          ret v8, v10, v13, v13
    """),
    "guards: an invariant index": ("guards", """
        func f(v0: ptr, v1: ptr, v2: i64, v3: i64) -> i64 {
        site 0: line 1 index
        loop L0: header b1 preheader b0
        b0(v0: ptr, v1: ptr, v2: i64, v3: i64):
          v4 = const i64 1
          v5 = const i1 true
          jump b1(v3)
        b1(v6: i64) in L0:
          v7 = index v2, v3, v5, !0
          store i64 v6, [v1 + v7*8] region 1
          v9 = sub v6, v4
          v10 = ne v9, v4
          br v10, b1(v9), b2
        b2:
          ret v9
    """, """
          v4 = const i64 1
          v5 = const i1 true
          v7 = index v2, v3, v5, !0
          jump b1(v3)
        b1(v6: i64) in L0:
          store i64 v6, [v1 + v7*8] region 1
          v9 = sub v6, v4
          v10 = ne v9, v4
          br v10, b1(v9), b2
        b2:
          ret v9
    """),
    "guards: calls and quotients": ("guards", """
        func f(v0: ptr, v1: ptr, v2: i64, v3: f64, v4: f64) -> f64 {
        loop L0: header b2 preheader b1 counter v9 step 1 stop v2
        b0(v0: ptr, v1: ptr, v2: i64, v3: f64, v4: f64):
          v5 = const i64 0
          v6 = const i64 1
          v7 = const f64 0.0
          v8 = sgt v2, v5
          br v8, b1, b6(v7)
        b1:
          jump b2(v5, v7)
        b2(v9: i64, v10: f64) in L0:
          v11 = ccall exp at 0x1000 pure (v3) : (f64) -> f64
          v12 = fsub v4, v11
          v13 = fdiv v3, v12
          v14 = load f64 [v1 + v9*8] region 1
          v15 = fmul v14, v13
          v16 = fgt v15, v10
          br v16, b3, b4
        b3 in L0:
          v17 = fdiv v4, v3
          v18 = fadd v15, v17
          jump b5(v18)
        b4 in L0:
          jump b5(v10)
        b5(v19: f64) in L0:
          v20 = add v9, v6
          v21 = slt v20, v2
          br v21, b2(v20, v19), b6(v19)
        b6(v22: f64):
          ret v22
    """, """
          v5 = const i64 0
          v6 = const i64 1
          v7 = const f64 0.0
          v8 = sgt v2, v5
          br v8, b1, b6(v7)
        b1:
          v11 = ccall exp at 0x1000 pure (v3) : (f64) -> f64
          v12 = fsub v4, v11
          v13 = fdiv v3, v12
          jump b2(v5, v7)
        b2(v9: i64, v10: f64) in L0:
          v14 = load f64 [v1 + v9*8] region 1
          v15 = fmul v14, v13
          v16 = fgt v15, v10
          br v16, b3, b4
        b3 in L0:
          v17 = fdiv v4, v3
          v18 = fadd v15, v17
          jump b5(v18)
        b4 in L0:
          jump b5(v10)
        b5(v19: f64) in L0:
          v20 = add v9, v6
          v21 = slt v20, v2
          br v21, b2(v20, v19), b6(v19)
        b6(v22: f64):
          ret v22
    """),
    "guards: remainders, also where the check of the divisor stays": ("guards", """
        func f(v0: ptr, v1: ptr, v2: i64, v3: i64, v4: i64) -> i64 {
        site 0: line 1 zerodivision
        loop L0: header b1 preheader b0
        b0(v0: ptr, v1: ptr, v2: i64, v3: i64, v4: i64):
          v5 = const i64 1
          v6 = const i1 true
          v7 = const i64 0
          v8 = const i64 8
          jump b1(v4)
        b1(v9: i64) in L0:
          store i64 v9, [v1] region 1
          v11 = ne v3, v7
          guard v11, v6, !0
          v13 = floormod v2, v3
          v14 = floordiv v2, v3
          v15 = floordiv v13, v8
          store i64 v15, [v1 + v14*8] region 1
          v17 = sub v9, v5
          v18 = ne v17, v7
          br v18, b1(v17), b2
        b2:
          ret v17
    """, """
          v5 = const i64 1
          v6 = const i1 true
          v7 = const i64 0
          v8 = const i64 8
          v11 = ne v3, v7
          v19 = const i64 0
          v20 = const i64 1
          v21 = eq v3, v19
          v22 = select v21, v20, v3
          v13 = floormod v2, v22
          v15 = floordiv v13, v8
          jump b1(v4)
        b1(v9: i64) in L0:
          store i64 v9, [v1] region 1
          guard v11, v6, !0
          v14 = floordiv v2, v3
          store i64 v15, [v1 + v14*8] region 1
          v17 = sub v9, v5
          v18 = ne v17, v7
          br v18, b1(v17), b2
        b2:
          ret v17
    """),
    "guards: not if it may not be executed": ("guards", """
        func f(v0: ptr, v1: ptr, v2: i64, v3: i64) -> i64 {
        site 0: line 1 index
        loop L0: header b1 preheader b0
        b0(v0: ptr, v1: ptr, v2: i64, v3: i64):
          v4 = const i64 1
          v5 = const i1 false
          jump b1(v3)
        b1(v6: i64) in L0:
          v9 = sub v6, v4
          v10 = ne v9, v4
          br v10, b2, b3
        b2 in L0:
          v7 = index v2, v3, v5, !0
          v8 = load i64 [v1 + v7*8] region 1
          jump b1(v8)
        b3:
          ret v9
    """, """
          v4 = const i64 1
          v5 = const i1 false
          jump b1(v3)
        b1(v6: i64) in L0:
          v9 = sub v6, v4
          v10 = ne v9, v4
          br v10, b2, b3
        b2 in L0:
          v7 = index v2, v3, v5, !0
          v8 = load i64 [v1 + v7*8] region 1
          jump b1(v8)
        b3:
          ret v9
    """),
    "unswitch: one loop for each way": ("unswitch", """
        func f(v0: ptr, v1: ptr, v2: i64, v3: i64) -> i64 {
        loop L0: header b1 preheader b0
        b0(v0: ptr, v1: ptr, v2: i64, v3: i64):
          v4 = const i64 0
          v5 = const i64 1
          v6 = slt v3, v4
          jump b1(v4, v4)
        b1(v7: i64, v8: i64) in L0:
          v9 = load i64 [v1 + v7*8] region 1
          br v6, b2, b3
        b2 in L0:
          v10 = add v8, v9
          jump b4(v10)
        b3 in L0:
          v11 = sub v8, v9
          jump b4(v11)
        b4(v12: i64) in L0:
          v13 = add v7, v5
          v14 = slt v13, v2
          br v14, b1(v13, v12), b5
        b5:
          ret v12
    """, """
          v4 = const i64 0
          v5 = const i64 1
          v6 = slt v3, v4
          v7 = const i1 true
          v14 = const i1 false
          br v6, b1, b4
        b1:
          jump b2(v4, v4)
        b2(v8: i64, v9: i64) in L0:
          v10 = load i64 [v1 + v8*8] region 1
          v11 = add v9, v10
          jump b3
        b3 in L0:
          v12 = add v8, v5
          v13 = slt v12, v2
          br v13, b2(v12, v11), b6(v11)
        b4:
          jump b5(v4, v4)
        b5(v15: i64, v16: i64) in L1:
          v17 = load i64 [v1 + v15*8] region 1
          v18 = sub v16, v17
          v19 = add v15, v5
          v20 = slt v19, v2
          br v20, b5(v19, v18), b6(v18)
        b6(v21: i64):
          ret v21
    """),
    "unswitch: a way out": ("unswitch", """
        func f(v0: ptr, v1: ptr, v2: i64, v3: i1) -> i64 {
        loop L0: header b1 preheader b0
        b0(v0: ptr, v1: ptr, v2: i64, v3: i1):
          v4 = const i64 0
          v5 = const i64 1
          jump b1(v4)
        b1(v7: i64) in L0:
          store i64 v7, [v1 + v7*8] region 1
          br v3, b3, b2
        b2 in L0:
          v13 = add v7, v5
          v14 = slt v13, v2
          br v14, b1(v13), b3
        b3:
          ret v7
    """, """
          v4 = const i64 0
          v5 = const i64 1
          v6 = const i1 true
          v9 = const i1 false
          br v3, b1, b3
        b1:
          jump b2(v4)
        b2(v7: i64):
          store i64 v7, [v1 + v7*8] region 1
          jump b5(v7)
        b3:
          jump b4(v4)
        b4(v10: i64) in L0:
          store i64 v10, [v1 + v10*8] region 1
          v12 = add v10, v5
          v13 = slt v12, v2
          br v13, b4(v12), b5(v10)
        b5(v14: i64):
          ret v14
    """),
    "polls: not where a loop ends soon": ("polls", """
        func f(v0: ptr, v1: ptr, v2: i64) -> i64, i64 {
        site 0: line 1 poll
        site 1: line 2 poll
        loop L0: header b1 preheader b0
        loop L1: header b3 preheader b2 counter v20 step 1 stop v13
        b0(v0: ptr, v1: ptr, v2: i64):
          v3 = const i64 0
          v4 = const i64 1
          v5 = const i1 false
          v6 = const i64 32768
          v13 = const i64 100
          jump b1(v2, v3, v6)
        b1(v7: i64, v8: i64, v9: i64) in L0:
          v10 = sar v7, v4
          v11 = add v8, v4
          v12 = poll v9, v5, !0, 1
          v14 = sgt v10, v3
          br v14, b1(v10, v11, v12), b2
        b2:
          jump b3(v3, v12)
        b3(v20: i64, v21: i64) in L1:
          store i64 v20, [v1 + v20*8] region 1
          v22 = poll v21, v5, !1, 1
          v23 = add v20, v4
          v24 = slt v23, v13
          br v24, b3(v23, v22), b4
        b4:
          ret v11, v22
    """, """
          v25 = const i64 100
          v3 = const i64 0
          v4 = const i64 1
          v6 = const i64 32768
          v13 = const i64 100
          jump b1(v2, v3)
        b1(v7: i64, v8: i64) in L0:
          v10 = sar v7, v4
          v11 = add v8, v4
          v14 = sgt v10, v3
          br v14, b1(v10, v11), b2
        b2:
          v26 = sub v6, v25
          jump b3(v3)
        b3(v20: i64) in L1:
          store i64 v20, [v1 + v20*8] region 1
          v23 = add v20, v4
          v24 = slt v23, v13
          br v24, b3(v23), b4
        b4:
          ret v11, v26
    """),
    "polls: not where a counter is small": ("polls", """
        func f(v0: ptr, v1: i64) -> i64 {
        fact v6 1 9
        site 0: line 1 poll
        loop L0: header b1 preheader b0 counter v6 step -1 stop v3
        b0(v0: ptr, v1: i64):
          v3 = const i64 0
          v4 = const i64 -1
          v5 = const i1 false
          v9 = const i64 32768
          jump b1(v1, v9)
        b1(v6: i64, v7: i64) in L0:
          store i64 v6, [v0 + v6*8] region 1
          v10 = poll v7, v5, !0, 1
          v11 = add v6, v4
          v12 = sgt v11, v3
          br v12, b1(v11, v10), b2
        b2:
          ret v10
    """, """
          v3 = const i64 0
          v4 = const i64 -1
          v9 = const i64 32768
          jump b1(v1)
        b1(v6: i64) in L0:
          store i64 v6, [v0 + v6*8] region 1
          v11 = add v6, v4
          v12 = sgt v11, v3
          br v12, b1(v11), b2
        b2:
          ret v9
    """),
    "polls: one that may go on for ever": ("polls", """
        func f(v0: ptr, v1: ptr, v2: i64) -> i64 {
        site 0: line 1 poll
        loop L0: header b1 preheader b0
        b0(v0: ptr, v1: ptr, v2: i64):
          v3 = const i64 0
          v4 = const i64 1
          v5 = const i1 false
          v6 = const i64 32768
          jump b1(v2, v3, v6)
        b1(v7: i64, v8: i64, v9: i64) in L0:
          v10 = sar v7, v4
          v11 = add v8, v4
          v12 = poll v9, v5, !0, 1
          v14 = ne v10, v3
          br v14, b1(v10, v11, v12), b2
        b2:
          ret v11
    """, """
          v3 = const i64 0
          v4 = const i64 1
          v5 = const i1 false
          v6 = const i64 32768
          jump b1(v2, v3, v6)
        b1(v7: i64, v8: i64, v9: i64) in L0:
          v10 = sar v7, v4
          v11 = add v8, v4
          v12 = poll v9, v5, !0, 1
          v14 = ne v10, v3
          br v14, b1(v10, v11, v12), b2
        b2:
          ret v11
    """),
    "merge: loads, sums and a store of both arms": ("merge", """
        func f(v0: ptr, v1: ptr, v2: ptr, v3: i64) -> i64 {
        loop L0: header b1 preheader b0 counter v5 step 1 stop v3
        b0(v0: ptr, v1: ptr, v2: ptr, v3: i64):
          v4 = const i64 0
          v9 = const i64 1
          v10 = const f64 0.5
          jump b1(v4, v4)
        b1(v5: i64, v6: i64) in L0:
          v7 = load f64 [v1 + v5*8] region 1
          v8 = fgt v7, v10
          br v8, b2, b3
        b2 in L0:
          v11 = add v6, v9
          v12 = load f64 [v2 + v5*8] region 1
          v13 = fmul v12, v7
          store f64 v13, [v1 + v11*8] region 1
          jump b4(v11)
        b3 in L0:
          v14 = load f64 [v2 + v5*8] region 1
          v15 = add v6, v9
          store f64 v14, [v1 + v15*8] region 1
          jump b4(v15)
        b4(v16: i64) in L0:
          v17 = add v5, v9
          v18 = slt v17, v3
          br v18, b1(v17, v16), b5
        b5:
          ret v16
    """, """
          v4 = const i64 0
          v9 = const i64 1
          v10 = const f64 0.5
          jump b1(v4, v4)
        b1(v5: i64, v6: i64) in L0:
          v7 = load f64 [v1 + v5*8] region 1
          v8 = fgt v7, v10
          v12 = load f64 [v2 + v5*8] region 1
          v11 = add v6, v9
          br v8, b2, b3
        b2 in L0:
          v13 = fmul v12, v7
          jump b4(v13)
        b3 in L0:
          jump b4(v12)
        b4(v21: f64) in L0:
          store f64 v21, [v1 + v11*8] region 1
          v17 = add v5, v9
          v18 = slt v17, v3
          br v18, b1(v17, v11), b5
        b5:
          ret v11
    """),
    "select: the greatest float and where it is": ("select", """
        func f(v0: ptr, v1: i64) -> f64, i64 {
        loop L0: header b1 preheader b0 counter v5 step 1 stop v1
        b0(v0: ptr, v1: i64):
          v2 = const i64 0
          v3 = const i64 1
          v4 = load f64 [v0] region 1
          jump b1(v2, v4, v2)
        b1(v5: i64, v6: f64, v7: i64) in L0:
          v8 = load f64 [v0 + v5*8] region 1
          v9 = fgt v8, v6
          br v9, b2, b3
        b2 in L0:
          jump b4(v8, v5)
        b3 in L0:
          jump b4(v6, v7)
        b4(v10: f64, v11: i64) in L0:
          v12 = add v5, v3
          v13 = slt v12, v1
          br v13, b1(v12, v10, v11), b5
        b5:
          ret v10, v11
    """, """
          v2 = const i64 0
          v3 = const i64 1
          v4 = load f64 [v0] region 1
          jump b1(v2, v4, v2)
        b1(v5: i64, v6: f64, v7: i64) in L0:
          v8 = load f64 [v0 + v5*8] region 1
          v9 = fgt v8, v6
          v14 = fmax v8, v6
          v15 = select v9, v5, v7
          v12 = add v5, v3
          v13 = slt v12, v1
          br v13, b1(v12, v14, v15), b2
        b2:
          ret v14, v15
    """),
    "merge: not what a cold copy computes again": ("merge", """
        func f(v0: ptr, v1: i64) -> i64 {
        loop L0: header b1 preheader b0 counter v4 step 1 stop v1
        b0(v0: ptr, v1: i64):
          v2 = const i64 0
          v3 = const i64 1
          jump b1(v2, v1)
        b1(v4: i64, v5: i64) in L0:
          v6 = ult v5, v1
          br v6, b2, b3
        b2 in L0:
          v7 = and v5, v3
          v8 = eq v7, v2
          v9 = select v8, v1, v4
          jump b4(v9)
        b3 in L0 cold:
          v10 = and v5, v3
          v11 = xor v10, v4
          jump b4(v11)
        b4(v12: i64) in L0:
          v13 = add v4, v3
          v14 = slt v13, v1
          br v14, b1(v13, v12), b5
        b5:
          ret v12
    """, """
          v2 = const i64 0
          v3 = const i64 1
          jump b1(v2, v1)
        b1(v4: i64, v5: i64) in L0:
          v6 = ult v5, v1
          br v6, b2, b3
        b2 in L0:
          v7 = and v5, v3
          v8 = eq v7, v2
          v9 = select v8, v1, v4
          jump b4(v9)
        b3 in L0 cold:
          v10 = and v5, v3
          v11 = xor v10, v4
          jump b4(v11)
        b4(v12: i64) in L0:
          v13 = add v4, v3
          v14 = slt v13, v1
          br v14, b1(v13, v12), b5
        b5:
          ret v12
    """),
    "merge: a load behind a check, a store before a load": ("merge", """
        func f(v0: ptr, v1: ptr, v2: ptr, v3: i64) -> i64 {
        site 0: line 7 index
        loop L0: header b1 preheader b0 counter v5 step 1 stop v3
        b0(v0: ptr, v1: ptr, v2: ptr, v3: i64):
          v4 = const i64 0
          v9 = const i64 1
          v10 = const f64 0.5
          v20 = const i1 true
          jump b1(v4)
        b1(v5: i64) in L0:
          v7 = load f64 [v1 + v5*8] region 1
          v8 = fgt v7, v10
          br v8, b2, b3
        b2 in L0:
          v11 = ult v9, v3
          guard v11, v20, !0
          v12 = load f64 [v2 + v5*8] region 1
          store f64 v12, [v1 + v5*8] region 1
          v13 = load f64 [v2] region 1
          jump b4(v13)
        b3 in L0:
          v14 = load f64 [v2 + v5*8] region 1
          store f64 v14, [v1 + v5*8] region 1
          jump b4(v14)
        b4(v16: f64) in L0:
          store f64 v16, [v2 + v5*8] region 1
          v17 = add v5, v9
          v18 = slt v17, v3
          br v18, b1(v17), b5
        b5:
          ret v5
    """, """
          v4 = const i64 0
          v9 = const i64 1
          v10 = const f64 0.5
          v20 = const i1 true
          jump b1(v4)
        b1(v5: i64) in L0:
          v7 = load f64 [v1 + v5*8] region 1
          v8 = fgt v7, v10
          br v8, b2, b3
        b2 in L0:
          v11 = ult v9, v3
          guard v11, v20, !0
          v12 = load f64 [v2 + v5*8] region 1
          store f64 v12, [v1 + v5*8] region 1
          v13 = load f64 [v2] region 1
          jump b4(v13)
        b3 in L0:
          v14 = load f64 [v2 + v5*8] region 1
          store f64 v14, [v1 + v5*8] region 1
          jump b4(v14)
        b4(v16: f64) in L0:
          store f64 v16, [v2 + v5*8] region 1
          v17 = add v5, v9
          v18 = slt v17, v3
          br v18, b1(v17), b5
        b5:
          ret v5
    """),
}  # fmt: skip
