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
    "closed: sums of the counter": ("closed", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64, i64 {
        site 0: line 1 overflow
        loop L0: header b2 preheader b1 counter v8 step 1 stop v1
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = const i1 false
          v4 = const i64 0
          v5 = const i64 1
          v6 = const i64 32768
          v7 = slt v4, v1
          br v7, b1, b3(v4, v2)
        b1:
          jump b2(v4, v2, v6)
        b2(v8: i64, v9: i64, v10: i64) in L0:
          v11 = mulo v8, v2, v3, !0
          v12 = addo v9, v11, v3, !0
          v13 = poll v10, v3, !0, 1
          v14 = add v8, v5
          v15 = slt v14, v1
          br v15, b2(v14, v12, v13), b3(v14, v12)
        b3(v16: i64, v17: i64):
          ret v16, v17
    """, """
          v20 = const i64 2097152
          v18 = const i64 1048576
          v3 = const i1 false
          v4 = const i64 0
          v5 = const i64 1
          v6 = const i64 32768
          v7 = slt v4, v1
          br v7, b1, b5(v4, v2)
        b1:
          v19 = add v1, v18
          v21 = ule v19, v20
          v22 = add v2, v18
          v23 = ule v22, v20
          v24 = and v21, v23
          br v24, b2, b3
        b2:
          v25 = smax v1, v5
          v27 = sub v25, v5
          v28 = mul v25, v27
          v29 = lshr v28, v5
          v30 = mul v29, v2
          v31 = add v2, v30
          jump b5(v25, v31)
        b3:
          jump b4(v4, v2, v6)
        b4(v8: i64, v9: i64, v10: i64) in L0:
          v11 = mulo v8, v2, v3, !0
          v12 = addo v9, v11, v3, !0
          v13 = poll v10, v3, !0, 1
          v14 = add v8, v5
          v15 = slt v14, v1
          br v15, b4(v14, v12, v13), b5(v14, v12)
        b5(v16: i64, v17: i64):
          ret v16, v17
    """),
    "closed: not what an element adds": ("closed", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64 {
        site 0: line 1 overflow
        loop L0: header b2 preheader b1 counter v8 step 1 stop v1
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = const i1 false
          v4 = const i64 0
          v5 = const i64 1
          v7 = slt v4, v1
          br v7, b1, b3(v2)
        b1:
          jump b2(v4, v2)
        b2(v8: i64, v9: i64) in L0:
          v11 = xor v8, v2
          v12 = addo v9, v11, v3, !0
          v14 = add v8, v5
          v15 = slt v14, v1
          br v15, b2(v14, v12), b3(v12)
        b3(v17: i64):
          ret v17
    """, """
          v3 = const i1 false
          v4 = const i64 0
          v5 = const i64 1
          v7 = slt v4, v1
          br v7, b1, b3(v2)
        b1:
          jump b2(v4, v2)
        b2(v8: i64, v9: i64) in L0:
          v11 = xor v8, v2
          v12 = addo v9, v11, v3, !0
          v14 = add v8, v5
          v15 = slt v14, v1
          br v15, b2(v14, v12), b3(v12)
        b3(v17: i64):
          ret v17
    """),
    "closed: bits that are set": ("closed", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64 {
        site 0: line 1 poll
        loop L0: header b2 preheader b1
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = const i1 false
          v4 = const i64 0
          v5 = const i64 3
          v6 = const i64 -1
          v7 = ne v1, v4
          br v7, b1, b3(v2)
        b1:
          jump b2(v1, v2, v5)
        b2(v8: i64, v9: i64, v10: i64) in L0:
          v11 = add v8, v6
          v12 = and v8, v11
          v13 = add v9, v5
          v14 = poll v10, v3, !0, 1
          v15 = ne v12, v4
          br v15, b2(v12, v13, v14), b3(v13)
        b3(v16: i64):
          ret v16
    """, """
          v5 = const i64 3
          v17 = popcnt v1
          v18 = mul v17, v5
          v19 = add v2, v18
          ret v19
    """),
    "closed: bits of a word that are set": ("closed", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64 {
        fact v8 0 4294967295
        loop L0: header b2 preheader b1
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = zext32 v1
          v4 = const i64 0
          v5 = const i64 1
          v6 = const i64 -1
          v7 = ne v3, v4
          br v7, b1, b3(v2)
        b1:
          jump b2(v3, v2)
        b2(v8: i64, v9: i64) in L0:
          v10 = add v8, v6
          v11 = zext32 v10
          v12 = and v8, v11
          v13 = add v9, v5
          v15 = ne v12, v4
          br v15, b2(v12, v13), b3(v13)
        b3(v16: i64):
          ret v16
    """, """
          v3 = zext32 v1
          v17 = popcnt v3
          v18 = add v2, v17
          ret v18
    """),
    "closed: bits up to the highest, of what may be nothing": ("closed", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64, i64 {
        loop L0: header b2 preheader b1
        b0(v0: ptr, v1: i64, v2: i64):
          v4 = const i64 0
          v5 = const i64 1
          jump b1
        b1:
          jump b2(v1, v2)
        b2(v8: i64, v9: i64) in L0:
          v12 = lshr v8, v5
          v13 = add v9, v5
          v15 = ne v12, v4
          br v15, b2(v12, v13), b3
        b3:
          ret v13, v12
    """, """
          v17 = const i64 64
          v4 = const i64 0
          v5 = const i64 1
          v18 = clz v1
          v19 = sub v17, v18
          v20 = smax v19, v5
          v21 = add v2, v20
          ret v21, v4
    """),
    "rotates: of words": ("rotates", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64, i64, i64, i64 {
        fact v1 0 4294967295
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = const i64 13
          v4 = const i64 19
          v5 = const i64 51
          v6 = shl v1, v3
          v7 = sar v1, v4
          v8 = or v6, v7
          v9 = zext32 v8
          v10 = zext32 v6
          v11 = xor v7, v10
          v12 = shl v2, v3
          v13 = lshr v2, v5
          v14 = add v12, v13
          v15 = or v12, v7
          ret v9, v11, v14, v15
    """, """
          v3 = const i64 13
          v4 = const i64 19
          v5 = const i64 51
          v6 = shl v1, v3
          v7 = sar v1, v4
          v8 = rol32 v1, v3
          v9 = zext32 v8
          v10 = zext32 v6
          v11 = rol32 v1, v3
          v12 = shl v2, v3
          v13 = lshr v2, v5
          v14 = rol64 v2, v3
          v15 = or v12, v7
          ret v8, v11, v14, v15
    """),
    "rotates: what is asked for is no more than a word": ("rotates", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64, i64 {
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = const i64 2
          v4 = const i64 30
          v5 = const i64 0
          v6 = zext32 v1
          jump b1(v5, v6)
        b1(v7: i64, v8: i64):
          v9 = sar v8, v3
          v10 = shl v8, v4
          v11 = or v9, v10
          v12 = xor v11, v2
          v13 = zext32 v12
          v14 = sar v2, v3
          v15 = shl v2, v4
          v16 = or v14, v15
          v17 = zext32 v16
          ret v13, v17
    """, """
          v3 = const i64 2
          v4 = const i64 30
          v5 = const i64 0
          v6 = zext32 v1
          jump b1(v5, v6)
        b1(v7: i64, v8: i64):
          v9 = sar v8, v3
          v10 = shl v8, v4
          v11 = rol32 v8, v4
          v12 = xor v11, v2
          v13 = zext32 v12
          v14 = sar v2, v3
          v15 = shl v2, v4
          v16 = or v14, v15
          v17 = zext32 v16
          ret v13, v17
    """),
    "rotates: more than a word is asked for": ("rotates", """
        func f(v0: ptr, v1: i64) -> i64 {
        fact v1 0 4294967295
        b0(v0: ptr, v1: i64):
          v3 = const i64 13
          v4 = const i64 19
          v6 = shl v1, v3
          v7 = sar v1, v4
          v8 = or v6, v7
          ret v8
    """, """
          v3 = const i64 13
          v4 = const i64 19
          v6 = shl v1, v3
          v7 = sar v1, v4
          v8 = or v6, v7
          ret v8
    """),
    "extensions: between sums": ("extensions", """
        func f(v0: ptr, v1: i64, v2: i64, v3: i64) -> i64 {
        b0(v0: ptr, v1: i64, v2: i64, v3: i64):
          v4 = mul v1, v2
          v5 = sext32 v4
          v6 = add v5, v3
          v7 = sext32 v6
          store i32 v7, [v0] region 1
          v8 = sar v7, v1
          ret v8
    """, """
          v4 = mul v1, v2
          v5 = sext32 v4
          v6 = add v4, v3
          v7 = sext32 v6
          store i32 v6, [v0] region 1
          v8 = sar v7, v1
          ret v8
    """),
    "extensions: a narrower one of a wider one": ("extensions", """
        func f(v0: ptr, v1: i64) -> i64, i64 {
        b0(v0: ptr, v1: i64):
          v2 = zext32 v1
          v3 = zext8 v2
          v4 = const i64 255
          v5 = and v3, v4
          v6 = zext16 v3
          ret v5, v6
    """, """
          v2 = zext32 v1
          v3 = zext8 v1
          v4 = const i64 255
          v5 = and v1, v4
          v6 = zext16 v3
          ret v5, v6
    """),
    "extensions: not of what is compared": ("extensions", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64 {
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = add v1, v2
          v4 = sext8 v3
          v5 = slt v4, v1
          v6 = select v5, v4, v2
          store i8 v6, [v0] region 1
          v7 = shl v4, v4
          v8 = sext32 v7
          ret v8
    """, """
          v3 = add v1, v2
          v4 = sext8 v3
          v5 = slt v4, v1
          v6 = select v5, v3, v2
          store i8 v6, [v0] region 1
          v7 = shl v4, v4
          v8 = sext32 v7
          ret v8
    """),
    "extensions: around a loop": ("extensions", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64 {
        fact v6 -2147483648 2147483647
        loop L0: header b1 preheader b0 counter v5 step 1 stop v1
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = const i64 0
          v4 = const i64 1
          jump b1(v3, v3)
        b1(v5: i64, v6: i64) in L0:
          v7 = add v6, v2
          v8 = sext32 v7
          v9 = add v5, v4
          v10 = slt v9, v1
          br v10, b1(v9, v8), b2(v8)
        b2(v11: i64):
          ret v11
    """, """
          v3 = const i64 0
          v4 = const i64 1
          jump b1(v3, v3)
        b1(v5: i64, v6: i64) in L0:
          v7 = add v6, v2
          v8 = sext32 v7
          v9 = add v5, v4
          v10 = slt v9, v1
          br v10, b1(v9, v7), b2(v8)
        b2(v11: i64):
          ret v11
    """),
    "checks: an unsigned minimum": ("checks", """
        func f(v0: ptr, v1: i64) -> i64, i64, i64 {
        b0(v0: ptr, v1: i64):
          v2 = const i64 63
          v3 = and v1, v2
          v4 = umin v3, v2
          v5 = umin v1, v2
          v6 = smin v5, v2
          v7 = umin v2, v6
          v8 = const i64 7
          v9 = umin v3, v8
          ret v4, v7, v9
    """, """
          v2 = const i64 63
          v3 = and v1, v2
          v4 = umin v1, v2
          v5 = const i64 7
          v6 = umin v3, v5
          ret v3, v4, v6
    """),
    "patterns: bits turned round": ("patterns", """
        func f(v0: ptr, v1: i64) -> i64 {
        loop L0: header b1 preheader b0
        b0(v0: ptr, v1: i64):
          v2 = const i64 0
          v3 = const i64 1
          v4 = const i64 10
          jump b1(v2, v2)
        b1(v5: i64, v6: i64) in L0:
          v7 = and v5, v3
          v8 = sar v5, v3
          v9 = and v8, v3
          v10 = shl v7, v3
          v11 = or v10, v9
          v12 = sar v8, v3
          v13 = and v12, v3
          v14 = shl v11, v3
          v15 = or v14, v13
          v16 = sar v12, v3
          v17 = and v16, v3
          v18 = shl v15, v3
          v19 = or v18, v17
          v20 = sar v16, v3
          v21 = and v20, v3
          v22 = shl v19, v3
          v23 = or v22, v21
          v24 = sar v20, v3
          v25 = and v24, v3
          v26 = shl v23, v3
          v27 = or v26, v25
          v28 = sar v24, v3
          v29 = and v28, v3
          v30 = shl v27, v3
          v31 = or v30, v29
          v32 = sar v28, v3
          v33 = and v32, v3
          v34 = shl v31, v3
          v35 = or v34, v33
          v90 = add v6, v35
          v91 = add v5, v3
          v92 = slt v91, v4
          br v92, b1(v91, v90), b2
        b2:
          ret v90
    """, """
          v2 = const i64 0
          v3 = const i64 1
          v4 = const i64 10
          v12 = const i64 2
          v13 = const i64 63
          v18 = const i64 3
          v23 = const i64 4
          v28 = const i64 5
          v33 = const i64 6
          v38 = const i64 7
          v42 = const i64 85
          v48 = const i64 51
          v54 = const i64 15
          jump b1(v2, v2)
        b1(v5: i64, v6: i64) in L0:
          v7 = and v5, v3
          v8 = sar v5, v3
          v9 = and v8, v3
          v10 = shl v7, v3
          v11 = or v9, v10
          v14 = sar v5, v12
          v15 = and v14, v3
          v16 = shl v11, v3
          v17 = or v15, v16
          v19 = sar v5, v18
          v20 = and v19, v3
          v21 = shl v17, v3
          v22 = or v20, v21
          v24 = sar v5, v23
          v25 = and v24, v3
          v26 = shl v22, v3
          v27 = or v25, v26
          v29 = sar v5, v28
          v30 = and v29, v3
          v31 = shl v27, v3
          v32 = or v30, v31
          v34 = sar v5, v33
          v35 = and v34, v3
          v36 = shl v32, v3
          v37 = or v35, v36
          v39 = sar v5, v38
          v40 = and v39, v3
          v41 = shl v37, v3
          v43 = and v5, v42
          v44 = shl v43, v3
          v45 = lshr v5, v3
          v46 = and v45, v42
          v47 = or v44, v46
          v49 = and v47, v48
          v50 = shl v49, v12
          v51 = lshr v47, v12
          v52 = and v51, v48
          v53 = or v50, v52
          v55 = and v53, v54
          v56 = shl v55, v23
          v57 = lshr v53, v23
          v58 = and v57, v54
          v59 = or v56, v58
          v60 = add v6, v59
          v61 = add v5, v3
          v62 = slt v61, v4
          br v62, b1(v61, v60), b2
        b2:
          ret v60
    """),
    "patterns: not where one is left out": ("patterns", """
        func f(v0: ptr, v1: i64) -> i64 {
        loop L0: header b1 preheader b0
        b0(v0: ptr, v1: i64):
          v2 = const i64 0
          v3 = const i64 1
          v4 = const i64 10
          jump b1(v2, v2)
        b1(v5: i64, v6: i64) in L0:
          v7 = and v5, v3
          v8 = sar v5, v3
          v9 = and v8, v3
          v10 = shl v7, v3
          v11 = or v10, v9
          v12 = sar v8, v3
          v13 = and v12, v3
          v14 = shl v11, v3
          v15 = or v14, v13
          v16 = sar v12, v3
          v17 = and v16, v3
          v18 = shl v15, v3
          v19 = or v18, v17
          v20 = sar v16, v4
          v21 = and v20, v3
          v22 = shl v19, v3
          v23 = or v22, v21
          v24 = sar v20, v3
          v25 = and v24, v3
          v26 = shl v23, v3
          v27 = or v26, v25
          v28 = sar v24, v3
          v29 = and v28, v3
          v30 = shl v27, v3
          v31 = or v30, v29
          v32 = sar v28, v3
          v33 = and v32, v3
          v34 = shl v31, v3
          v35 = or v34, v33
          v90 = add v6, v35
          v91 = add v5, v3
          v92 = slt v91, v4
          br v92, b1(v91, v90), b2
        b2:
          ret v90
    """, """
          v2 = const i64 0
          v3 = const i64 1
          v4 = const i64 10
          jump b1(v2, v2)
        b1(v5: i64, v6: i64) in L0:
          v7 = and v5, v3
          v8 = sar v5, v3
          v9 = and v8, v3
          v10 = shl v7, v3
          v11 = or v10, v9
          v12 = sar v8, v3
          v13 = and v12, v3
          v14 = shl v11, v3
          v15 = or v14, v13
          v16 = sar v12, v3
          v17 = and v16, v3
          v18 = shl v15, v3
          v19 = or v18, v17
          v20 = sar v16, v4
          v21 = and v20, v3
          v22 = shl v19, v3
          v23 = or v22, v21
          v24 = sar v20, v3
          v25 = and v24, v3
          v26 = shl v23, v3
          v27 = or v26, v25
          v28 = sar v24, v3
          v29 = and v28, v3
          v30 = shl v27, v3
          v31 = or v30, v29
          v32 = sar v28, v3
          v33 = and v32, v3
          v34 = shl v31, v3
          v35 = or v34, v33
          v90 = add v6, v35
          v91 = add v5, v3
          v92 = slt v91, v4
          br v92, b1(v91, v90), b2
        b2:
          ret v90
    """),
    "patterns: the number of bits": ("patterns", """
        func f(v0: ptr, v1: i64) -> i64 {
        loop L0: header b1 preheader b0
        b0(v0: ptr, v1: i64):
          v2 = const i64 0
          v3 = const i64 1
          v4 = const i64 10
          v7 = const i64 2
          v8 = const i64 4
          v9 = const i64 24
          v10 = const i64 1431655765
          v11 = const i64 858993459
          v12 = const i64 252645135
          v13 = const i64 16843009
          jump b1(v2, v2)
        b1(v5: i64, v6: i64) in L0:
          v20 = sar v5, v3
          v21 = and v20, v10
          v22 = sub v5, v21
          v23 = and v22, v11
          v24 = sar v22, v7
          v25 = and v24, v11
          v26 = add v23, v25
          v27 = lshr v26, v8
          v28 = add v26, v27
          v29 = and v28, v12
          v30 = mul v29, v13
          v31 = zext32 v30
          v32 = lshr v31, v9
          v90 = add v6, v32
          v91 = add v5, v3
          v92 = slt v91, v4
          br v92, b1(v91, v90), b2
        b2:
          ret v90
    """, """
          v2 = const i64 0
          v3 = const i64 1
          v4 = const i64 10
          v5 = const i64 2
          v6 = const i64 4
          v7 = const i64 24
          v8 = const i64 1431655765
          v9 = const i64 858993459
          v10 = const i64 252645135
          v11 = const i64 16843009
          jump b1(v2, v2)
        b1(v12: i64, v13: i64) in L0:
          v14 = sar v12, v3
          v15 = and v14, v8
          v16 = sub v12, v15
          v17 = and v16, v9
          v18 = sar v16, v5
          v19 = and v18, v9
          v20 = add v17, v19
          v21 = lshr v20, v6
          v22 = add v20, v21
          v23 = and v22, v10
          v24 = mul v23, v11
          v25 = zext32 v24
          v26 = zext32 v12
          v27 = popcnt v26
          v28 = add v13, v27
          v29 = add v12, v3
          v30 = slt v29, v4
          br v30, b1(v29, v28), b2
        b2:
          ret v28
    """),
    "patterns: not the same in another way": ("patterns", """
        func f(v0: ptr, v1: i64) -> i64 {
        loop L0: header b1 preheader b0
        b0(v0: ptr, v1: i64):
          v2 = const i64 0
          v3 = const i64 1
          v4 = const i64 10
          v7 = const i64 2
          v8 = const i64 4
          v9 = const i64 24
          v10 = const i64 1431655765
          v11 = const i64 858993459
          v12 = const i64 252645135
          v13 = const i64 16843009
          jump b1(v2, v2)
        b1(v5: i64, v6: i64) in L0:
          v20 = sar v5, v3
          v21 = and v20, v10
          v22 = sub v5, v21
          v23 = and v22, v11
          v24 = sar v22, v7
          v25 = and v24, v11
          v26 = add v23, v25
          v27 = lshr v26, v8
          v28 = add v26, v27
          v29 = and v28, v12
          v30 = mul v29, v13
          v31 = zext32 v30
          v32 = lshr v31, v8
          v90 = add v6, v32
          v91 = add v5, v3
          v92 = slt v91, v4
          br v92, b1(v91, v90), b2
        b2:
          ret v90
    """, """
          v2 = const i64 0
          v3 = const i64 1
          v4 = const i64 10
          v7 = const i64 2
          v8 = const i64 4
          v9 = const i64 24
          v10 = const i64 1431655765
          v11 = const i64 858993459
          v12 = const i64 252645135
          v13 = const i64 16843009
          jump b1(v2, v2)
        b1(v5: i64, v6: i64) in L0:
          v20 = sar v5, v3
          v21 = and v20, v10
          v22 = sub v5, v21
          v23 = and v22, v11
          v24 = sar v22, v7
          v25 = and v24, v11
          v26 = add v23, v25
          v27 = lshr v26, v8
          v28 = add v26, v27
          v29 = and v28, v12
          v30 = mul v29, v13
          v31 = zext32 v30
          v32 = lshr v31, v8
          v90 = add v6, v32
          v91 = add v5, v3
          v92 = slt v91, v4
          br v92, b1(v91, v90), b2
        b2:
          ret v90
    """),
    "modular: not what somebody else needs to be an integer of 64 bits": ("modular", """
        func f(v0: ptr, v1: i64, v2: i64) -> i64 {
        site 0: line 1 overflow detail "needed"
        site 1: line 1 overflow
        b0(v0: ptr, v1: i64, v2: i64):
          v3 = const i1 false
          v4 = const i64 255
          v5 = mulo v1, v1, v3, !0
          v6 = mulo v2, v2, v3, !1
          v7 = mul v5, v6
          v8 = and v7, v4
          ret v8
    """, """
          v3 = const i1 false
          v4 = const i64 255
          v5 = mulo v1, v1, v3, !0
          v6 = mul v2, v2
          v7 = mul v5, v6
          v8 = and v7, v4
          ret v8
    """),
    "modular: not where something else is shifted back and stored": ("modular", """
        func f(v0: ptr, v1: i64) -> i64 {
        site 0: line 1 overflow
        b0(v0: ptr, v1: i64):
          v2 = const i64 10
          v3 = const i1 false
          v4 = shl v1, v2
          v5 = sar v4, v2
          v6 = eq v1, v5
          guard v6, v3, !0
          v8 = const i64 1
          v9 = sar v4, v8
          store i64 v9, [v0] region 1
          v11 = const i64 255
          v12 = and v4, v11
          ret v12
    """, """
          v2 = const i64 10
          v3 = const i1 false
          v4 = shl v1, v2
          v5 = sar v4, v2
          v6 = eq v1, v5
          guard v6, v3, !0
          v8 = const i64 1
          v9 = sar v4, v8
          store i64 v9, [v0] region 1
          v11 = const i64 255
          v12 = and v4, v11
          ret v12
    """),
}
