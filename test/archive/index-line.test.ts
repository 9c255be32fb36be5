import { describe, expect, it } from 'vitest'
import { type IndexLine, IndexLineSchema, pathFault } from '../../shared/archive/index-line.ts'

const SHA = '0'.repeat(64)
const blob = { kind: 'blob' as const, path: 'blobs/x', offset: 0, size: 0, sha256: SHA, file_id: 'x' }
const records = {
  kind: 'records' as const,
  path: 'models/city/s.jsonl',
  offset: 0,
  size: 0,
  sha256: SHA,
  unpacked_size: 0,
  model: 'city',
  resources: 0,
  revisions: 0,
  first_h: '0123456789abcdef',
  last_h: '0123456789abcdef',
}
const takes = (line: object): boolean => IndexLineSchema.safeParse(line).success

describe('an index line', () => {
  it.each(['file_id', 'content_type'])('is refused where its %s holds half a surrogate pair', (name) => {
    expect(takes({ ...blob, [name]: '\u{1f525}' })).toBe(true)
    expect(takes({ ...blob, [name]: '\ud83d' })).toBe(false)
    expect(IndexLineSchema.safeParse({ ...blob, [name]: '\ud83d' }).error?.issues[0]?.message).toBe(
      'is no whole Unicode text',
    )
  })

  it('is taken with what its kind needs, and other keys are passed over', () => {
    expect(IndexLineSchema.parse({ ...records, later: 1 })).toEqual(records)
    expect(IndexLineSchema.parse({ ...blob, content_type: '' })).toEqual({ ...blob, content_type: '' })
    expect(takes({ ...blob, kind: 'payload' })).toBe(true)
    expect(takes({ ...blob, kind: 'other' })).toBe(false)
    expect(takes({ ...blob, file_id: '' })).toBe(false)
    expect(takes({ ...blob, path: '' })).toBe(false)
  })

  it.each(Object.keys(records))('of records is refused without its %s', (name) => {
    expect(takes(Object.fromEntries(Object.entries(records).filter(([key]) => key !== name)))).toBe(false)
  })

  it.each([
    ['size', -1],
    ['size', 0.5],
    ['offset', 2 ** 53],
    ['sha256', SHA.slice(1)],
    ['sha256', `${SHA}0`],
    ['sha256', `${SHA.slice(1)}A`],
    ['first_h', '0123456789abcde'],
    ['last_h', '0123456789abcdef0'],
    ['last_h', '0123456789abcdeF'],
    ['model', ''],
    ['model', '1a'],
    ['model', '_a'],
    ['model', 'a b'],
    ['model', 'a'.repeat(64)],
  ])('is refused with the %s %j', (name, value) => {
    expect(takes({ ...records, [name]: value })).toBe(false)
  })

  it.each(['a', 'Z9_-', 'a'.repeat(63)])('is taken with the model %s', (model) => {
    expect(takes({ ...records, model })).toBe(true)
  })
})

describe('the path of an entry', () => {
  const faultOf = (line: IndexLine, path: string): string | undefined => pathFault({ ...line, path })

  it('is that of its SHA-256, or of its file id', () => {
    const payload = { ...blob, kind: 'payload' as const }
    expect(faultOf(payload, `payloads/${SHA}`)).toBeUndefined()
    expect(faultOf(payload, `blobs/${SHA}`)).toBe('its path is not that of its SHA-256')
    expect(faultOf({ ...blob, file_id: 'a/b' }, 'blobs/a%2Fb')).toBeUndefined()
    expect(faultOf({ ...blob, file_id: 'a/b' }, 'blobs/a/b')).toBe('its path is not that of its file id')
  })

  it.each(['s.jsonl', 's.jsonl.zst', 's.jsonl.gz', 'aZ_9-.jsonl', `${'s'.repeat(80)}.jsonl.zst`])(
    'may be %s in the folder of its model',
    (name) => {
      expect(faultOf(records, `models/city/${name}`)).toBeUndefined()
    },
  )

  it.each([
    '.jsonl',
    's.json',
    's.jsonl.zip',
    's.jsonl.zst.gz',
    's.jsonl.zst/',
    'sxjsonl',
    's.jsonlxzst',
    'a/s.jsonl',
    './s.jsonl',
    ' s.jsonl',
    's.jsonl\n',
    `${'s'.repeat(81)}.jsonl`,
  ])('may not be %j there', (name) => {
    expect(faultOf(records, `models/city/${name}`)).toBe('its path is not in the folder of its model')
  })

  it('is in no other folder', () => {
    expect(faultOf(records, 'models/town/s.jsonl')).toBe('its path is not in the folder of its model')
    expect(faultOf(records, 'xodels/city/s.jsonl')).toBe('its path is not in the folder of its model')
  })
})
