import { describe, expect, it } from 'vitest'
import { ArchiveInvalidError, UnsupportedVersionError } from '../../shared/archive/errors.ts'
import { encodeManifest, type Manifest, type ManifestSegment, placeSegment } from '../../shared/archive/manifest.ts'
import { checkGeometry, parseManifest } from '../../shared/archive/read-manifest.ts'
import { MANIFEST } from './sample.ts'

const MIB = 1024 * 1024
const SHA = 'a'.repeat(64)

const refused = (what: string): ArchiveInvalidError => new ArchiveInvalidError(`manifest.json: ${what}`)
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
  it('have no member __proto__, which a reader by names would pass over', () => {
    const text = JSON.stringify(MANIFEST).replace('{', '{"__proto__":{"resources":5},')
    expect(() => parseManifest(Buffer.from(text))).toThrow(
      new ArchiveInvalidError('manifest.json has a member __proto__'),
    )
  })

  it('are given back as they were written', () => {
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

  it('are at most 32 MiB', () => {
    const rest = encodeManifest({ ...MANIFEST, job_id: '' }).length
    const longest = { ...MANIFEST, job_id: 'x'.repeat(32 * MIB - rest) }
    expect(encodeManifest(longest).length).toBe(32 * MIB)
    expect(() => encodeManifest({ ...longest, job_id: `${longest.job_id}x` })).toThrow(
      new RangeError(`a manifest of ${32 * MIB + 1} bytes is too large`),
    )
    expect(() => parseManifest(Buffer.alloc(32 * MIB, 0xff))).toThrow(
      new ArchiveInvalidError('manifest.json is not UTF-8, or nests too deep'),
    )
    expect(() => parseManifest(Buffer.alloc(32 * MIB + 1))).toThrow(
      new ArchiveInvalidError(`a manifest of ${32 * MIB + 1} bytes`),
    )
  })

  it('are UTF-8 of at most 64 levels', () => {
    const unreadable = new ArchiveInvalidError('manifest.json is not UTF-8, or nests too deep')
    const notJson = new ArchiveInvalidError('manifest.json is not JSON')
    expect(() => parseManifest(Buffer.from([0xff]))).toThrow(unreadable)
    expect(() => parseManifest(Buffer.from('['.repeat(65)))).toThrow(unreadable)
    expect(() => parseManifest(Buffer.from('['.repeat(64)))).toThrow(notJson)
    expect(() => parseManifest(Buffer.alloc(0))).toThrow(notJson)
  })
})

describe('what a manifest says', () => {
  it.each([1, 2, 4])('is not read as of version %d', (version) => {
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
    ['models.a.digest', { models: { a: { ...model(1), digest: SHA.slice(1) } } }],
    ['models.a.resources', { models: { a: model(-1) } }],
    ['blobs.count', { blobs: { count: 0.5, bytes: 0 } }],
    ['segments.0.first_h', { segments: [segment({ first_h: `${h('0')}0` })] }],
    ['segments.0.frame_sha256', { segments: [segment({ frame_sha256: SHA.toUpperCase() })] }],
    ['segments.0.index.sha256', { segments: [segment({ index: { ...index, sha256: `${SHA}a` } })] }],
  ])('is refused for its %s', (path, change) => {
    expect(() => parse(change)).toThrow(
      expect.objectContaining({
        name: 'ArchiveInvalidError',
        message: expect.stringContaining(`the archive is invalid: manifest.json: ${path}: `) as string,
      }),
    )
  })

  it.each<[string, object]>([
    ['scope.models is not sorted, or names a model twice', { scope: { models: ['b', 'a'], filters: {} } }],
    ['scope.models is not sorted, or names a model twice', { scope: { models: ['a', 'a'], filters: {} } }],
    ['models are not those of scope.models', { scope: { models: ['a'], filters: {} } }],
    ['models are not those of scope.models', { models: { a: model(0) } }],
    ['models are not those of scope.models', { scope: { models: ['a'], filters: {} }, models: { b: model(0) } }],
    [
      'models are not those of scope.models',
      { scope: { models: ['a', 'b'], filters: {} }, models: { a: model(0), c: model(0) } },
    ],
    ['missing_blobs is not sorted, or names a blob twice', { complete: false, missing_blobs: ['b', 'a'] }],
    ['missing_blobs is not sorted, or names a blob twice', { complete: false, missing_blobs: ['a', 'b', 'b'] }],
    ['missing_blobs is not sorted, or names a blob twice', { complete: false, missing_blobs: ['😀', 'ﬀ'] }],
    ['complete does not go with missing_blobs', { missing_blobs: ['a'] }],
    ['complete does not go with missing_blobs', { complete: false }],
    ['model b has 1 resources and no segment', withSegments(records('a', '0', '0'))],
    [
      'model a has 0 resources and a segment',
      { ...withSegments(records('a', '0', '0')), models: { a: model(0), b: model(0) } },
    ],
    [
      'a segment of a model that models does not name',
      withSegments(records('a', '0', '0'), records('b', '0', '0'), records('c', '0', '0')),
    ],
    ['a segment of a model that models does not name', { segments: [records('constructor', '0', '0')] }],
    ['segment 0 has no model, but places', { segments: [segment({ first_h: h('0') })] }],
    ['segment 0 has no model, but places', { segments: [segment({ last_h: h('0') })] }],
    ['segment 0 has no model, but places', { segments: [segment({ unpacked_size: 1 })] }],
    [
      'segment 0 of records has no first_h and last_h in order',
      { segments: [segment({ model: 'a', last_h: h('0') })] },
    ],
    [
      'segment 0 of records has no first_h and last_h in order',
      { segments: [segment({ model: 'a', first_h: h('0') })] },
    ],
    ['segment 0 of records has no first_h and last_h in order', { segments: [records('a', '1', '0')] }],
    ['segment 1 of model a is out of order', withSegments(records('b', '0', '0'), records('a', '1', '1'))],
    ['segment 1 of model a is out of order', withSegments(segment(), records('a', '0', '0'))],
    ['segment 2 of model b is out of order', withSegments(records('a', '0', '0'), segment(), records('b', '0', '0'))],
    [
      'segment 1 of model a is no run of whole buckets after the one before it',
      withSegments(records('a', '0000', '0001'), segment({ model: 'a', first_h: h('0001', 'f'), last_h: h('0002') })),
    ],
    [
      'segment 1 of model a is no run of whole buckets after the one before it',
      withSegments(records('a', '0002', '0002'), records('a', '0001', '0001')),
    ],
  ])('is refused where %s', (what, change) => {
    expect(() => parse(change)).toThrow(refused(what))
  })

  it('may go on with a new model at any place', () => {
    expect(parse(withSegments(records('a', '5', '5'), records('b', '0', '0'), segment())).segments).toHaveLength(3)
  })

  it('names indexes of at most 64 MiB, stored and unpacked', () => {
    const with64 = { ...index, size: 64 * MIB, unpacked_size: 64 * MIB }
    expect(parse({ segments: [segment({ index: with64 })] }).segments[0]?.index).toEqual(with64)
    for (const over of [{ size: 64 * MIB + 1 }, { unpacked_size: 64 * MIB + 1 }])
      expect(() => parse({ segments: [segment(), segment({ index: { ...with64, ...over } })] })).toThrow(
        refused('the index of segment 1 is too large'),
      )
  })
})

describe('where segments lie', () => {
  const two = [segment(), segment({ offset: 1536, index: { ...index, offset: 2560 } })]
  const check = (segments: readonly ManifestSegment[], end: number) => () => {
    checkGeometry({ ...MANIFEST, segments }, end)
  }

  it('is end to end, up to the manifest', () => {
    expect(check([], 0)).not.toThrow()
    expect(check(two, 3072)).not.toThrow()
    for (const end of [0, 2560, 3071, 3584])
      expect(check(two, end)).toThrow(refused('the segments do not end where the manifest begins'))
  })

  it.each([
    [0, segment({ offset: 512, size: 1536, index: { ...index, offset: 1536 } })],
    [0, segment({ size: 1535 })],
  ])('is not elsewhere', (k, wrong) => {
    expect(check([wrong], 1536)).toThrow(refused(`segment ${k} does not begin where the one before it ends`))
  })

  it('is from where the one before ends', () => {
    for (const offset of [0, 1024, 2048])
      expect(check([segment(), segment({ offset })], 3072)).toThrow(
        refused('segment 1 does not begin where the one before it ends'),
      )
  })

  it.each([
    ['not at a block', { ...index, offset: 1124 }],
    ['without an entry before it', { ...index, offset: 512, size: 1024 }],
    ['not at its end', { ...index, size: 513 }],
    ['short of its end', { ...index, size: 0 }],
  ])('has no index %s', (_, wrong) => {
    expect(check([segment({ index: wrong })], 1536)).toThrow(refused('the index of segment 0 is not its last entry'))
  })

  it('in a manifest counts from the start of the archive', () => {
    const summary = { size: 1536, model: 'a', frame_sha256: SHA, unpacked_size: 0, index }
    expect(placeSegment(summary, 512)).toEqual(segment({ model: 'a', offset: 512, index: { ...index, offset: 1536 } }))
  })
})
