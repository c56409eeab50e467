"""Sorting, searching and text held as arrays of bytes: branches that depend on the data."""


def insertion_sort(data, out):
    for i in range(len(data)):
        out[i] = data[i]
    for i in range(1, len(out)):
        value = out[i]
        j = i - 1
        while j >= 0 and out[j] > value:
            out[j + 1] = out[j]
            j -= 1
        out[j + 1] = value


def sort_between(a, low, high):
    while low < high:
        pivot = a[(low + high) // 2]
        i = low
        j = high
        while i <= j:
            while a[i] < pivot:
                i += 1
            while a[j] > pivot:
                j -= 1
            if i <= j:
                a[i], a[j] = a[j], a[i]
                i += 1
                j -= 1
        if j - low < high - i:
            sort_between(a, low, j)
            low = i
        else:
            sort_between(a, i, high)
            high = j


def quicksort(data, out):
    for i in range(len(data)):
        out[i] = data[i]
    sort_between(out, 0, len(out) - 1)


def binary_search(keys, queries, out):
    found = 0
    for q in range(len(queries)):
        target = queries[q]
        low = 0
        high = len(keys)
        while low < high:
            middle = (low + high) // 2
            if keys[middle] < target:
                low = middle + 1
            else:
                high = middle
        out[q] = low
        if low < len(keys) and keys[low] == target:
            found += 1
    return found


def levenshtein(a, b, previous, current):
    m = len(b)
    for j in range(m + 1):
        previous[j] = j
    for i in range(len(a)):
        current[0] = i + 1
        for j in range(m):
            cost = 0 if a[i] == b[j] else 1
            current[j + 1] = min(previous[j + 1] + 1, current[j] + 1, previous[j] + cost)
        for j in range(m + 1):
            previous[j] = current[j]
    return previous[m]


def crc32(data, table):
    for n in range(256):
        entry = n
        for _ in range(8):
            if entry & 1:
                entry = 0xEDB88320 ^ (entry >> 1)
            else:
                entry >>= 1
        table[n] = entry
    crc = 0xFFFFFFFF
    for i in range(len(data)):
        crc = int(table[(crc ^ int(data[i])) & 0xFF]) ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def tokenizer(text, starts, kinds):
    n = len(text)
    count = 0
    i = 0
    while i < n:
        c = text[i]
        if c == 32 or c == 10 or c == 9 or c == 13:
            i += 1
            continue
        start = i
        if 97 <= c <= 122 or 65 <= c <= 90 or c == 95:
            kind = 1
            while i < n and (97 <= text[i] <= 122 or 65 <= text[i] <= 90 or text[i] == 95 or 48 <= text[i] <= 57):
                i += 1
        elif 48 <= c <= 57:
            kind = 2
            while i < n and (48 <= text[i] <= 57 or text[i] == 46):
                i += 1
        elif c == 34 or c == 39:
            kind = 3
            i += 1
            while i < n and text[i] != c and text[i] != 10:
                if text[i] == 92:
                    i += 1
                i += 1
            i += 1
        elif c == 35:
            kind = 4
            while i < n and text[i] != 10:
                i += 1
        else:
            kind = 5
            i += 1
        starts[count] = start
        kinds[count] = kind
        count += 1
    return count
