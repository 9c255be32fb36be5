import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type BlobProperties,
  metadataBytes,
  explainOversize,
  propertiesOf,
  propertyCharacters,
} from '../../shared/blobs/blob-properties.ts'
import { decodeType } from '../../shared/blobs/content-type.ts'
import { propertyDifferences } from '../../shared/blobs/property-differences.ts'
import { ownSha256, readProperties, storedEncoding, writeProperties } from '../../shared/blobs/stored-properties.ts'
import { OBJECT_HEADERS } from '../../shared/objects/object-headers.ts'
import type { WriteOptions } from '../../shared/objects/aws/stored-object.ts'

const SHA = 'ab'.repeat(32)
const SIZE = 7
const OWN = { sha256: SHA, size: '7' }

/** The object that a write with these options stores. */
const stored = ({ contentType = 'binary/octet-stream', headers = {}, metadata = {} }: WriteOptions) => ({
  content_type: contentType,
  headers,
  metadata,
  missing_metadata: 0,
  size: SIZE,
})
const read = (metadata: Record<string, string>, content_type = 'text/plain') =>
  readProperties({ ...stored({ metadata }), content_type })
const write = (properties: BlobProperties): WriteOptions => writeProperties(properties, SHA, SIZE)

describe('user metadata', () => {
  it('of this program is not part of that of the writer', () => {
    expect(read({ ...OWN, owner: 'anna' })).toStrictEqual({
      content_type: 'text/plain',
      headers: {},
      user_metadata: { owner: 'anna' },
      sha256: SHA,
    })
  })

  it.each<[string, Record<string, string>]>([
    ['a SHA-256 without a size', { sha256: SHA }],
    ['a SHA-256 in upper case', { sha256: SHA.toUpperCase(), size: '7' }],
    ['a SHA-256 that is too short', { sha256: SHA.slice(1), size: '7' }],
    ['other characters before a SHA-256', { sha256: `0${SHA}`, size: '7' }],
    ['other characters after a SHA-256', { sha256: `${SHA}0`, size: '7' }],
    ['another size', { sha256: SHA, size: '8' }],
    ['a size in another form', { sha256: SHA, size: '007' }],
    ['a size without a SHA-256', { size: '7' }],
  ])('is that of the writer with %s', (_, metadata) => {
    expect(read(metadata)).toStrictEqual({ content_type: 'text/plain', headers: {}, user_metadata: metadata })
  })

  it.each(['invoice', '100% cotton', '%C3%B1 ', '%c3%b1', 'image%2Fpng', ''])(
    'named type is that of the writer with the value %j',
    (type) => {
      expect(read({ ...OWN, type }, 'application/octet-stream')).toEqual({
        content_type: 'application/octet-stream',
        headers: {},
        user_metadata: { type },
        sha256: SHA,
      })
    },
  )

  it('named type is the content type only beside the other two and the replacement of the type', () => {
    const type = '%C3%B1'
    expect(read({ ...OWN, type, owner: 'anna' }, 'application/octet-stream')).toMatchObject({
      content_type: 'ñ',
      user_metadata: { owner: 'anna' },
    })
    expect(read({ ...OWN, type }, 'text/plain')).toMatchObject({ content_type: 'text/plain', user_metadata: { type } })
    expect(read({ type }, 'application/octet-stream')).toMatchObject({
      content_type: 'application/octet-stream',
      user_metadata: { type },
    })
  })

  it('outside ASCII is encoded', () => {
    expect(read({ owner: 'Zoë' }).user_metadata).toEqual({ owner: '=?UTF-8?B?Wm/Dqw==?=' })
  })

  it('that S3 cannot return, or that has more than 2 KB, is a fault', () => {
    expect(readProperties({ ...stored({}), missing_metadata: 2 }).fault).toBe(
      'S3 cannot return 2 entries of its user metadata',
    )
    expect(read({ a: 'x'.repeat(2047) }).fault).toBeUndefined()
    expect(read({ a: 'x'.repeat(2048) }).fault).toBe('user_metadata has 2049 bytes; at most 2048 are allowed')
  })
})

describe('the user metadata that this program adds', () => {
  it('is the SHA-256 and the size and, for a type that no header can contain, the type', () => {
    expect(write({ content_type: 'text/css', headers: {}, user_metadata: { owner: 'anna' } })).toEqual({
      contentType: 'text/css',
      headers: {},
      metadata: { owner: 'anna', ...OWN },
    })
    expect(write({ content_type: 'ñ' })).toEqual({
      contentType: 'application/octet-stream',
      headers: {},
      metadata: { ...OWN, type: '%C3%B1' },
    })
    expect(write({})).toMatchObject({ contentType: 'binary/octet-stream', metadata: OWN })
    expect(write({ content_type: '' })).toMatchObject({ contentType: 'binary/octet-stream', metadata: OWN })
  })

  it.each(['sha256', 'size'])('is left out if the writer uses the name %s', (name) => {
    const user_metadata = { [name]: 'mine' }
    expect(write({ content_type: 'ñ', headers: {}, user_metadata })).toMatchObject({
      contentType: 'application/octet-stream; specstar-type="%C3%B1"',
      metadata: user_metadata,
    })
  })

  it('is left out if the writer has a type that could be taken for that of this program', () => {
    const user_metadata = { type: '%C3%B1' }
    const options = write({ content_type: 'application/octet-stream', headers: {}, user_metadata })
    expect(options.metadata).toEqual(user_metadata)
    expect(write({ content_type: 'text/plain', headers: {}, user_metadata }).metadata).toEqual({
      ...user_metadata,
      ...OWN,
    })
  })

  it('is left out if both together would have more than 2 KB', () => {
    const ours = metadataBytes(OWN)
    const full = { a: 'x'.repeat(2047 - ours) }
    expect(write({ headers: {}, user_metadata: full }).metadata).toEqual({ ...full, ...OWN })
    const larger = { a: 'x'.repeat(2048 - ours) }
    expect(write({ headers: {}, user_metadata: larger }).metadata).toEqual(larger)
  })
})

describe('a content type', () => {
  it('of the writer that looks encoded stays the header of the blob', () => {
    const content_type = 'application/octet-stream; specstar-type="%C3%B1"'
    // An object of the writer has no user metadata of this program.
    expect(read({}, content_type).content_type).toBe(content_type)
    expect(read({ type: 'mine' }, 'application/octet-stream; specstar-type="text"').content_type).toBe(
      'application/octet-stream; specstar-type="text"',
    )
    const options = write({ content_type, headers: {} })
    expect(options).toMatchObject({ contentType: content_type, metadata: OWN })
    expect(readProperties(stored(options)).content_type).toBe(content_type)
  })

  it('that looks encoded is encoded once more if the user metadata of this program is left out', () => {
    const content_type = 'application/octet-stream; specstar-type="%C3%B1"'
    for (const type of [content_type, 'application/octet-stream; specstar-type="ñ"']) {
      const options = write({ content_type: type, headers: {}, user_metadata: { size: 'large' } })
      expect(options.contentType).toBe(`application/octet-stream; specstar-type="${encodeURIComponent(type)}"`)
      expect(readProperties(stored(options)).content_type).toBe(type)
    }
    // The header of an object of the writer can be misunderstood in this case, but a restore writes the same header.
    const user_metadata = { size: 'large' }
    const misread = readProperties(stored({ contentType: content_type, metadata: user_metadata }))
    expect(misread.content_type).toBe('ñ')
    expect(write(misread).contentType).toBe(content_type)
  })

  it('is unknown if the object has no Content-Type header', () => {
    const { content_type, ...rest } = stored({})
    expect(content_type).toBeDefined()
    expect(readProperties(rest)).toStrictEqual({ headers: {}, user_metadata: {} })
  })

  it('outside ASCII is encoded, even if it looks like a header with an encoded type', () => {
    const content_type = 'application/octet-stream; specstar-type="ñ"'
    const options = write({ content_type, headers: {} })
    expect(options).toMatchObject({
      contentType: 'application/octet-stream',
      metadata: { ...OWN, type: encodeURIComponent(content_type) },
    })
    expect(readProperties(stored(options)).content_type).toBe(content_type)
  })

  it('is stored without user metadata of this program if it cannot be read back, because it is not valid Unicode', () => {
    expect(write({ content_type: 'a\ud800', headers: {}, user_metadata: { owner: 'anna' } })).toMatchObject({
      contentType: 'application/octet-stream; specstar-type="a%EF%BF%BD"',
      metadata: { owner: 'anna' },
    })
  })

  it('with a foreign parameter of that name is kept', () => {
    const header = 'application/octet-stream; specstar-type="100% cotton"'
    expect(read({}, header).content_type).toBe(header)
  })

  it('binary/octet-stream is distinguished from an unknown type', () => {
    expect(read({}, 'binary/octet-stream').content_type).toBeUndefined()
    for (const user_metadata of [{}, { size: 'large' }]) {
      const options = write({ content_type: 'binary/octet-stream', headers: {}, user_metadata })
      expect(readProperties(stored(options)).content_type).toBe('binary/octet-stream')
    }
  })

  it('is never decoded from text that is no encoded type', () => {
    expect(decodeType('%')).toBeUndefined()
    expect(decodeType('text')).toBeUndefined()
    expect(decodeType('')).toBeUndefined()
  })
})

describe('a content encoding', () => {
  it('does not contain aws-chunked', () => {
    expect(storedEncoding('aws-chunked, gzip')).toBe('gzip')
    expect(storedEncoding('AWS-chunked')).toBe('')
    expect(storedEncoding('gzip,aws-chunked, br')).toBe('gzip,br')
    expect(storedEncoding('gzip, br')).toBe('gzip, br')
    expect(storedEncoding(undefined)).toBeUndefined()
    const headers = { content_encoding: 'aws-chunked' }
    expect(write({ headers }).headers).toEqual({})
    const read = readProperties(stored({ headers }))
    expect(read.headers).toEqual({})
    expect(propertyDifferences({ headers }, read)).toEqual([])
  })
})

const edge = fc.constantFrom(...Array.from('az09"%=?_~\u0080\u00e9\u00ff'))
const latin1 = fc.string({ unit: fc.constantFrom(...Array.from('az 09\t"%=?_;,\u0080\u00e9\u00ff')), maxLength: 60 })
const headerValue = fc.tuple(edge, latin1, edge).map((parts) => parts.join(''))
const headersOf = fc.record(Object.fromEntries(OBJECT_HEADERS.map((name) => [name, headerValue])), { requiredKeys: [] })
const ascii = fc.string({ maxLength: 80 }).map((text) => text.trim())
const encodedText = fc
  .string({ unit: 'grapheme', maxLength: 40 })
  .map((text) => `=?UTF-8?B?${Buffer.from(text).toString('base64')}?=`)
const awkward = fc.constantFrom('', '100% cotton', 'invoice', '%C3%B1', SHA, SHA.toUpperCase(), '7', 'x'.repeat(1_000))
const name = fc.oneof(
  fc.constantFrom('sha256', 'size', 'type', 'owner', 'toString', 'x-y_z.1'),
  fc.string({ unit: fc.constantFrom(...Array.from('abcxyz019-_.')), minLength: 1, maxLength: 12 }),
)
const contentType = fc.oneof(
  fc.constantFrom(
    undefined,
    'text/plain',
    'binary/octet-stream',
    'application/octet-stream',
    ' padded ',
    'ñ',
    'application/octet-stream; specstar-type="%C3%B1"',
  ),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
)
const properties = fc
  .record({
    content_type: contentType,
    headers: headersOf,
    user_metadata: fc.dictionary(name, fc.oneof(ascii, encodedText, awkward), { maxKeys: 8, noNullPrototype: true }),
  })
  .filter((all) => explainOversize(all) === undefined && ownSha256(all.user_metadata, SIZE) === undefined)

describe('the properties of a blob', () => {
  it('have a number of characters, which limits the memory of a pass', () => {
    expect(propertyCharacters({})).toBe(0)
    const headers = { cache_control: 'no-store', expires: '0' }
    expect(propertyCharacters({ content_type: 'a/b', headers, user_metadata: { ab: 'cd' } })).toBe(13)
  })

  it('are copied without members that are undefined', () => {
    expect(propertiesOf({ content_type: undefined, headers: undefined, user_metadata: undefined })).toStrictEqual({})
    const all = { content_type: 'a/b', headers: {}, user_metadata: {} }
    const entry = { ...all, sha256: SHA }
    expect(propertiesOf(entry)).toStrictEqual(all)
  })

  it('are read from an object as they were written to it, whatever they contain', () => {
    fc.assert(
      fc.property(properties, (written) => {
        const { sha256, ...found } = readProperties(stored(write(written)))
        expect(found).toEqual(propertiesOf(written))
        expect([SHA, undefined]).toContain(sha256)
        expect(propertyDifferences(written, { ...found })).toEqual([])
      }),
      { numRuns: 2_000 },
    )
  })

  it('never have more than 2 KB of user metadata because of this program', () => {
    fc.assert(
      fc.property(properties, (written) => {
        const own = metadataBytes(write(written).metadata ?? {})
        expect(own).toBeLessThanOrEqual(Math.max(2048, metadataBytes(written.user_metadata)))
      }),
      { numRuns: 1_000 },
    )
  })

  it('are read without an error from any user metadata', () => {
    fc.assert(
      fc.property(fc.dictionary(name, fc.oneof(ascii, awkward)), contentType, (metadata, type) => {
        const found = readProperties({ ...stored({ metadata }), ...(type === undefined ? {} : { content_type: type }) })
        expect(Object.keys(metadata)).toEqual(expect.arrayContaining(Object.keys(found.user_metadata)))
      }),
    )
  })
})
