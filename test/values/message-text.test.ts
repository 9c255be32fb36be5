import { describe, expect, it } from 'vitest'
import { firstNames, listedIds, pathText, quote, truncate } from '../../shared/values/message-text.ts'

describe('a quoted text', () => {
  it('is a JSON string in which invisible characters are escaped', () => {
    expect(quote('a b')).toBe('"a b"')
    expect(quote('/a "b"\n\u0085\u00a0\ufeff\u{e0001}\ud800\u202e 勇')).toBe(
      '"/a \\"b\\"\\n\\u0085\\u00a0\\ufeff\\udb40\\udc01\\ud800\\u202e 勇"',
    )
  })

  it('is truncated after 300 characters', () => {
    expect(quote('a'.repeat(300))).toBe(`"${'a'.repeat(300)}"`)
    expect(quote('a'.repeat(301))).toBe(`"${'a'.repeat(300)}…"`)
  })
})

describe('a path of an archive in a message', () => {
  it('is quoted, escaped and truncated unless it consists of at most 300 printable characters of ASCII', () => {
    expect(pathText('models/city/s-0001.jsonl.zst')).toBe('models/city/s-0001.jsonl.zst')
    expect(pathText('a b')).toBe('"a b"')
    expect(pathText('blobs/\u001b[2J\u0085勇')).toBe('"blobs/\\u001b[2J\\u0085勇"')
    expect(pathText('a'.repeat(301))).toBe(`"${'a'.repeat(300)}…"`)
    expect(pathText('')).toBe('""')
  })
})

describe('a truncated text', () => {
  it('ends with an ellipsis if characters were removed', () => {
    expect(truncate('abc', 3)).toBe('abc')
    expect(truncate('abcd', 3)).toBe('abc…')
  })
})

describe('a list of names', () => {
  it('contains at most 20 names, and the number of the others', () => {
    const names = Array.from({ length: 22 }, (_, k) => `m${k}`)
    expect(firstNames(names.slice(0, 20))).toBe(names.slice(0, 20).join(', '))
    expect(firstNames(names)).toBe(`${names.slice(0, 20).join(', ')}, and 2 more`)
  })
})

describe('a list of ids', () => {
  it('contains the first 100 ids, each truncated after 300 characters', () => {
    expect(listedIds(['a', 'b'.repeat(301)])).toEqual(['a', `${'b'.repeat(300)}…`])
    const ids = Array.from({ length: 101 }, (_, k) => `id ${k}`)
    expect(listedIds(ids)).toEqual(ids.slice(0, 100))
  })
})
