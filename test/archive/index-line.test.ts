import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ArchiveInvalidError } from '../../shared/archive/errors.ts'
import { firstIssue } from '../../shared/archive/read-manifest.ts'
import { entrySortKey, explainWrongPath, type IndexLine, IndexLineSchema } from '../../shared/archive/index-line.ts'

const SHA = '0'.repeat(64)
const blob = { kind: 'blob' as const, path: 'blobs/x', offset: 0, size: 0, sha256: SHA, file_id: 'x' }
const payload = { kind: 'payload' as const, path: `payloads/${SHA}`, offset: 0, size: 0, sha256: SHA }
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
const isValid = (line: object): boolean => IndexLineSchema.safeParse(line).success

describe('an index line', () => {
  it.each(['file_id', 'content_type'])('is rejected if its %s contains half of a surrogate pair', (name) => {
    expect(isValid({ ...blob, [name]: '\u{1f525}' })).toBe(true)
    expect(isValid({ ...blob, [name]: '\ud83d' })).toBe(false)
    expect(IndexLineSchema.safeParse({ ...blob, [name]: '\ud83d' }).error?.issues[0]?.message).toBe(
      'must be valid Unicode',
    )
  })

  it('has the members of its kind, and unknown members are ignored', () => {
    expect(IndexLineSchema.parse({ ...records, later: 1 })).toEqual(records)
    expect(IndexLineSchema.parse({ ...blob, content_type: '' })).toEqual({ ...blob, content_type: '' })
    expect(isValid({ ...blob, kind: 'payload' })).toBe(true)
    expect(isValid({ ...blob, kind: 'other' })).toBe(false)
    expect(isValid({ ...blob, file_id: '' })).toBe(false)
    expect(isValid({ ...blob, path: '' })).toBe(false)
  })

  it.each(Object.keys(records))('of records is rejected without %s', (name) => {
    expect(isValid(Object.fromEntries(Object.entries(records).filter(([key]) => key !== name)))).toBe(false)
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
  ])('is rejected with the %s %j', (name, value) => {
    expect(isValid({ ...records, [name]: value })).toBe(false)
  })

  it.each(['a', 'Z9_-', 'a'.repeat(63)])('is accepted with the model %s', (model) => {
    expect(isValid({ ...records, model })).toBe(true)
  })
})

describe('the headers and user metadata of a blob', () => {
  const issue = (members: object): string | undefined => {
    const { success, error } = IndexLineSchema.safeParse({ ...blob, ...members })
    return success ? undefined : firstIssue(error)
  }
  const METADATA_NAME = 'is not allowed; names consist of'
  const VALUE = 'must be a header value: Latin-1 without control characters'
  const TEXT = 'must be printable ASCII without spaces at its ends'

  it('are part of its index line', () => {
    const members = {
      headers: { cache_control: 'max-age=60', content_disposition: 'attachment; filename="ñ.pdf"', expires: '0' },
      user_metadata: { owner: 'anna', empty: '', 'x-y_z.1': '=?UTF-8?Q?caf=C3=A9?=' },
    }
    expect(IndexLineSchema.parse({ ...blob, ...members })).toEqual({ ...blob, ...members })
    expect(issue({ headers: {}, user_metadata: { a: 'x'.repeat(2047) } })).toBeUndefined()
    expect(IndexLineSchema.parse({ ...blob, headers: { later: 1 } })).toEqual({ ...blob, headers: {} })
  })

  it.each<[string, object, string]>([
    ['a list', { headers: [] }, 'headers: '],
    ['null', { headers: null }, 'headers: '],
    ['a number', { headers: { expires: 0 } }, 'headers.expires: '],
    ['an empty header', { headers: { expires: '' } }, VALUE],
    ['a line break', { headers: { cache_control: 'a\r\nx-evil: 1' } }, VALUE],
    ['a NUL', { headers: { cache_control: 'a\0' } }, VALUE],
    ['a space at the end', { headers: { content_language: 'de ' } }, VALUE],
    ['a character outside Latin-1', { headers: { content_disposition: '勇' } }, VALUE],
    ['too long a header', { headers: { cache_control: 'x'.repeat(8193) } }, 'at most 8192 are allowed'],
    ['too long a type', { content_type: 'x'.repeat(8193) }, 'at most 8192 are allowed'],
    ['too long an encoded type', { content_type: '勇'.repeat(1000) }, 'at most 8192 are allowed'],
    ['a list as user metadata', { headers: {}, user_metadata: ['a'] }, 'user_metadata: '],
    ['a number in user metadata', { headers: {}, user_metadata: { a: 1 } }, 'user_metadata.a: '],
    ['a name in upper case', { headers: {}, user_metadata: { A: 'x' } }, METADATA_NAME],
    ['a name with a line break', { headers: {}, user_metadata: { 'a\n': 'x' } }, METADATA_NAME],
    ['a name outside ASCII', { headers: {}, user_metadata: { ñ: 'x' } }, METADATA_NAME],
    ['user metadata with a line break', { headers: {}, user_metadata: { a: 'x\ny' } }, TEXT],
    ['user metadata outside ASCII', { headers: {}, user_metadata: { a: 'ñ' } }, TEXT],
    ['too much user metadata', { headers: {}, user_metadata: { a: 'x'.repeat(2048) } }, 'has 2049 bytes'],
    [
      'too many encoded words',
      { headers: {}, user_metadata: { a: Array<string>(800).fill('=?UTF-8?Q??=').join(' ') } },
      'at most 8192 are allowed',
    ],
    ['user metadata without headers', { user_metadata: {} }, 'user_metadata requires headers'],
    [
      'the user metadata of this program',
      { headers: {}, user_metadata: { sha256: SHA, size: '0' } },
      'must not contain',
    ],
  ])('are rejected with %s', (_, members, message) => {
    expect(issue(members)).toContain(message)
  })
})

describe('explainWrongPath', () => {
  const explain = (line: IndexLine, path: string): string | undefined => explainWrongPath({ ...line, path })

  it('requires the checksum of a payload in its path', () => {
    expect(explain(payload, `payloads/${SHA}`)).toBeUndefined()
    expect(explain(payload, `blobs/${SHA}`)).toBe(`the path of this payload must be payloads/${SHA}`)
  })

  it('requires the encoded file id of a blob in its path', () => {
    expect(explain({ ...blob, file_id: 'a/b' }, 'blobs/a%2Fb')).toBeUndefined()
    expect(explain({ ...blob, file_id: 'a/b' }, 'blobs/a/b')).toBe('the path of this blob must be blobs/a%2Fb')
  })

  it.each(['s.jsonl', 's.jsonl.zst', 's.jsonl.gz', 'aZ_9-.jsonl', `${'s'.repeat(80)}.jsonl.zst`])(
    'accepts the chunk %s in the folder of its model',
    (name) => {
      expect(explain(records, `models/city/${name}`)).toBeUndefined()
    },
  )

  const wrong = 'the path of this chunk must be models/city/<name>.jsonl, .jsonl.gz or .jsonl.zst'
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
  ])('rejects the chunk %j', (name) => {
    expect(explain(records, `models/city/${name}`)).toBe(wrong)
  })

  it('rejects a chunk in another folder', () => {
    expect(explain(records, 'models/town/s.jsonl')).toBe(wrong)
    expect(explain(records, 'xodels/city/s.jsonl')).toBe(wrong)
  })
})

describe('entrySortKey', () => {
  it('sorts by SHA-256, payloads before blobs', () => {
    expect(entrySortKey(payload)).toBe(`0${SHA}`)
    expect(entrySortKey({ ...blob, file_id: 'a' })).toBe(`1${hash('sha256', 'a')}`)
  })

  it('rejects a chunk of records', () => {
    expect(() => entrySortKey(records)).toThrow(
      new ArchiveInvalidError('entry models/city/s.jsonl is a chunk of records in a segment of payloads and blobs'),
    )
  })
})
