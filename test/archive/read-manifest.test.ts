import { describe, expect, it } from 'vitest'
import { ArchiveInvalidError, UnsupportedVersionError } from '../../shared/archive/errors.ts'
import {
  encodeManifest,
  type Manifest,
  type ManifestSegment,
  toManifestSegment,
} from '../../shared/archive/manifest.ts'
import { checkGeometry, parseManifest } from '../../shared/archive/read-manifest.ts'
import { MANIFEST } from './sample.ts'

const MIB = 1024 * 1024
const SHA = 'a'.repeat(64)

const invalid = (what: string): ArchiveInvalidError => new ArchiveInvalidError(`manifest.json: ${what}`)
const parse = (change: object): Manifest => parseManifest(Buffer.from(JSON.stringify({ ...MANIFEST, ...change })))
const model = (resources: number): Manifest['models'][string] => ({ resources, revisions: 1, blobs: 0, digest: SHA })
const index = { offset: 1024, size: 100, sha256: SHA, unpacked_size: 200 }
const h = (bucket: string, rest = '0'): string => bucket.padEnd(16, rest)
const segment = (change: Partial<ManifestSegment> = {}): ManifestSegment => ({
  offset: 0,
  size: 1536,
  frame_sha256: SHA,
  unpacked_size: 0,
  index,
  ...change,
})
const records = (name: string, from: string, to: string): ManifestSegment =>
  segment({ model: name, first_h: h(from), last_h: h(to), unpacked_size: 5 })
const withSegments = (...segments: ManifestSegment[]): object => ({
  scope: { models: ['a', 'b'], filters: {} },
  models: { b: model(1), a: model(1) },
  segments,
})

describe('the bytes of a manifest', () => {
  it('are rejected with a member __proto__, which code that reads by name would ignore', () => {
    const text = JSON.stringify(MANIFEST).replace('{', '{"__proto__":{"resources":5},')
    expect(() => parseManifest(Buffer.from(text))).toThrow(invalid('a member must not have the name __proto__'))
  })

  it('are rejected with a message without an empty path if they are not an object', () => {
    expect(() => parseManifest(Buffer.from('[]'))).toThrow(/must be an object with these members: format, version/)
  })

  it.each(['shop\u001b[2J', 'shop\u009b', 'shop\u202e', 'shop\nx', 'Ä 1/ü:#'])(
    'are accepted with any characters in the names: %j',
    (name) => {
      const source = { deployment: name, region: name }
      expect(parse({ job_id: name, source })).toMatchObject({ job_id: name, source })
    },
  )

  it('are parsed as they were encoded', () => {
    const manifest: Manifest = {
      ...MANIFEST,
      scope: { models: ['a', 'b'], filters: { x: [1] } },
      models: { a: model(1), b: model(0) },
      complete: false,
      missing_blobs: ['ﬀ', '😀'],
      segments: [records('a', '0000', '0fff'), records('a', '1000', '1000'), segment(), segment()],
    }
    expect(parseManifest(encodeManifest(manifest))).toEqual(manifest)
  })

  it('have at most 32 MiB', () => {
    const rest = encodeManifest({ ...MANIFEST, job_id: '' }).length
    const longest = { ...MANIFEST, job_id: 'x'.repeat(32 * MIB - rest) }
    expect(encodeManifest(longest).length).toBe(32 * MIB)
    expect(() => encodeManifest({ ...longest, job_id: `${longest.job_id}x` })).toThrow(
      new RangeError(`the manifest has ${32 * MIB + 1} bytes; at most ${32 * MIB} are allowed`),
    )
    expect(() => parseManifest(Buffer.alloc(32 * MIB, 0xff))).toThrow(invalid('the manifest is not UTF-8'))
    expect(() => parseManifest(Buffer.alloc(32 * MIB + 1))).toThrow(
      invalid(`the manifest has ${32 * MIB + 1} bytes; at most ${32 * MIB} are allowed`),
    )
  })

  it('are JSON in UTF-8 of at most 64 levels', () => {
    const notJson = invalid('the manifest is not JSON')
    expect(() => parseManifest(Buffer.from([0xff]))).toThrow(invalid('the manifest is not UTF-8'))
    expect(() => parseManifest(Buffer.from('['.repeat(65)))).toThrow(
      invalid('the manifest is nested deeper than 64 levels'),
    )
    expect(() => parseManifest(Buffer.from('['.repeat(64)))).toThrow(notJson)
    expect(() => parseManifest(Buffer.alloc(0))).toThrow(notJson)
  })
})

describe('the members of a manifest', () => {
  it.each([1, 2, 4])('are not checked in version %d, which is not supported', (version) => {
    expect(() => parse({ version, segments: 'x' })).toThrow(new UnsupportedVersionError(version))
  })

  it.each([
    ['format', { format: 'zip', version: 4 }],
    ['version', { version: '4' }],
    ['job_id', { job_id: 1 }],
    ['created_at', { created_at: '2026-03-01T00:00:09Z' }],
    ['created_at', { created_at: 'x2026-03-01T00:00:09.500Z' }],
    ['started_at', { started_at: '2026-03-01T00:00:09.500Zx' }],
    ['next_since', { next_since: '2026-03-01 00:00:09.500Z' }],
    ['source.region', { source: { deployment: 'x' } }],
    ['scope.models.0', { scope: { models: ['1a'], filters: {} } }],
    ['missing_blobs.1', { missing_blobs: ['a', 1] }],
    ['models.a.blob_paths.0', { models: { a: { ...model(1), blob_paths: ['a..b'] } } }],
    ['models.a.digest', { models: { a: { ...model(1), digest: SHA.slice(1) } } }],
    ['models.a.resources', { models: { a: model(-1) } }],
    ['blobs.count', { blobs: { count: 0.5, bytes: 0 } }],
    ['segments.0.first_h', { segments: [segment({ first_h: `${h('0')}0` })] }],
    ['segments.0.frame_sha256', { segments: [segment({ frame_sha256: SHA.toUpperCase() })] }],
    ['segments.0.index.sha256', { segments: [segment({ index: { ...index, sha256: `${SHA}a` } })] }],
  ])('are rejected with a wrong %s', (path, change) => {
    expect(() => parse(change)).toThrow(
      expect.objectContaining({
        name: 'ArchiveInvalidError',
        message: expect.stringContaining(`the archive is invalid: manifest.json: ${path}: `) as string,
      }),
    )
  })

  it.each<[string, object]>([
    ['scope.models must be sorted and must not contain a model twice', { scope: { models: ['b', 'a'], filters: {} } }],
    ['scope.models must be sorted and must not contain a model twice', { scope: { models: ['a', 'a'], filters: {} } }],
    ['models must contain exactly the models of scope.models', { scope: { models: ['a'], filters: {} } }],
    ['models must contain exactly the models of scope.models', { models: { a: model(0) } }],
    [
      'models must contain exactly the models of scope.models',
      { scope: { models: ['a'], filters: {} }, models: { b: model(0) } },
    ],
    [
      'models must contain exactly the models of scope.models',
      { scope: { models: ['a', 'b'], filters: {} }, models: { a: model(0), c: model(0) } },
    ],
    ['missing_blobs must be sorted and must not contain a blob twice', { complete: false, missing_blobs: ['b', 'a'] }],
    [
      'missing_blobs must be sorted and must not contain a blob twice',
      { complete: false, missing_blobs: ['a', 'b', 'b'] },
    ],
    ['missing_blobs must be sorted and must not contain a blob twice', { complete: false, missing_blobs: ['😀', 'ﬀ'] }],
    ['complete must be true if and only if missing_blobs is empty and left_out is absent', { missing_blobs: ['a'] }],
    ['complete must be true if and only if missing_blobs is empty and left_out is absent', { complete: false }],
    ['model b has 1 resources, but no segment', withSegments(records('a', '0', '0'))],
    [
      'model a has 0 resources, but a segment',
      { ...withSegments(records('a', '0', '0')), models: { a: model(0), b: model(0) } },
    ],
    [
      'segment 2 has a model that models does not contain',
      withSegments(records('a', '0', '0'), records('b', '0', '0'), records('c', '0', '0')),
    ],
    ['segment 0 has a model that models does not contain', { segments: [records('constructor', '0', '0')] }],
    [
      'segment 0 has no model, so it must not have first_h, last_h or an unpacked_size greater than 0',
      { segments: [segment({ first_h: h('0') })] },
    ],
    [
      'segment 0 has no model, so it must not have first_h, last_h or an unpacked_size greater than 0',
      { segments: [segment({ last_h: h('0') })] },
    ],
    [
      'segment 0 has no model, so it must not have first_h, last_h or an unpacked_size greater than 0',
      { segments: [segment({ unpacked_size: 1 })] },
    ],
    [
      'segment 0 has a model, so it must have first_h and last_h, and first_h must not be greater than last_h',
      { segments: [segment({ model: 'a', last_h: h('0') })] },
    ],
    [
      'segment 0 has a model, so it must have first_h and last_h, and first_h must not be greater than last_h',
      { segments: [segment({ model: 'a', first_h: h('0') })] },
    ],
    [
      'segment 0 has a model, so it must have first_h and last_h, and first_h must not be greater than last_h',
      { segments: [records('a', '1', '0')] },
    ],
    ['segment 1 of model a is out of order', withSegments(records('b', '0', '0'), records('a', '1', '1'))],
    ['segment 1 of model a is out of order', withSegments(segment(), records('a', '0', '0'))],
    ['segment 2 of model b is out of order', withSegments(records('a', '0', '0'), segment(), records('b', '0', '0'))],
    [
      'segment 1 of model a must begin with a later bucket than the last bucket of the previous segment',
      withSegments(records('a', '0000', '0001'), segment({ model: 'a', first_h: h('0001', 'f'), last_h: h('0002') })),
    ],
    [
      'segment 1 of model a must begin with a later bucket than the last bucket of the previous segment',
      withSegments(records('a', '0002', '0002'), records('a', '0001', '0001')),
    ],
  ])('are rejected: %s', (what, change) => {
    expect(() => parse(change)).toThrow(invalid(what))
  })

  it('may contain a second model whose first id hash is smaller than the last one of the first model', () => {
    expect(parse(withSegments(records('a', '5', '5'), records('b', '0', '0'), segment())).segments).toHaveLength(3)
  })

  it('are rejected with an index over 64 MiB, compressed or not', () => {
    const with64 = { ...index, size: 64 * MIB, unpacked_size: 64 * MIB }
    expect(parse({ segments: [segment({ index: with64 })] }).segments[0]?.index).toEqual(with64)
    for (const over of [{ size: 64 * MIB + 1 }, { unpacked_size: 64 * MIB + 1 }])
      expect(() => parse({ segments: [segment(), segment({ index: { ...with64, ...over } })] })).toThrow(
        invalid(`the index of segment 1 has more than ${64 * MIB} bytes`),
      )
  })
})

describe('the geometry of segments', () => {
  const two = [segment(), segment({ offset: 1536, index: { ...index, offset: 2560 } })]
  const check = (segments: readonly ManifestSegment[], end: number) => () => {
    checkGeometry({ ...MANIFEST, segments }, end)
  }

  it('is contiguous up to the header of the manifest', () => {
    expect(check([], 0)).not.toThrow()
    expect(check(two, 3072)).not.toThrow()
    for (const end of [0, 2560, 3071, 3584])
      expect(check(two, end)).toThrow(invalid('the last segment must end where the header of the manifest begins'))
  })

  it.each([
    [0, segment({ offset: 512, size: 1536, index: { ...index, offset: 1536 } })],
    [0, segment({ size: 1535 })],
  ])('begins at 0 and consists of whole blocks', (k, wrong) => {
    expect(check([wrong], 1536)).toThrow(invalid(`segment ${k} must begin where the previous segment ends`))
  })

  it('has no gaps and no overlaps', () => {
    for (const offset of [0, 1024, 2048])
      expect(check([segment(), segment({ offset })], 3072)).toThrow(
        invalid('segment 1 must begin where the previous segment ends'),
      )
  })

  it.each([
    ['does not begin at a block', { ...index, offset: 1124 }],
    ['has no entry before it', { ...index, offset: 512, size: 1024 }],
    ['ends after the segment', { ...index, size: 513 }],
    ['ends before the segment', { ...index, size: 0 }],
  ])('is rejected if an index %s', (_, wrong) => {
    expect(check([segment({ index: wrong })], 1536)).toThrow(invalid('the index of segment 0 must be its last entry'))
  })

  it('leaves room for exactly the list of the resources that were left out, if there is one', () => {
    const checkList = (offset: number, size: number, end: number) => () => {
      const left_out = { count: 1, resources: [], list: { offset, size, sha256: SHA, unpacked_size: 1 } }
      checkGeometry({ ...MANIFEST, segments: two, left_out }, end)
    }
    expect(checkList(3072 + 512, 100, 3072 + 1024)).not.toThrow()
    expect(checkList(3072 + 512, 512, 3072 + 1024)).not.toThrow()
    for (const wrong of [
      checkList(3072, 100, 3072 + 512),
      checkList(3072, 600, 3072 + 1024),
      checkList(3072 + 512, 100, 3072 + 512),
      checkList(3072 + 512, 513, 3072 + 1024),
      checkList(3072 + 512, 100, 3072 + 1536),
      checkList(3072 + 1024, 100, 3072 + 1536),
    ])
      expect(wrong).toThrow(
        invalid('left-out.jsonl.zst must be between the last segment and the header of the manifest'),
      )
  })

  it('in a manifest counts from the start of the archive', () => {
    const summary = { size: 1536, model: 'a', frame_sha256: SHA, unpacked_size: 0, index }
    expect(toManifestSegment(summary, 512)).toEqual(
      segment({ model: 'a', offset: 512, index: { ...index, offset: 1536 } }),
    )
  })
})
