// Reads an archive from the text of FORMAT.md alone and imports nothing of shared/: what the product's writer and reader
// might get wrong together shows here. Checks every checksum, count and digest, and throws at the first that is wrong.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { zstdDecompressSync } from 'node:zlib'
import { z } from 'zod'

const Place = z.object({ offset: z.number(), size: z.number(), sha256: z.string() })
const Trailer = z.object({ acbak: z.literal(3), manifest: Place })
const Manifest = z.object({
  models: z.record(z.string(), z.object({ resources: z.number(), revisions: z.number(), digest: z.string() })),
  blobs: z.object({ count: z.number(), bytes: z.number() }),
  segments: z.array(
    z.object({
      offset: z.number(),
      size: z.number(),
      model: z.string().optional(),
      frame_sha256: z.string(),
      index: Place,
    }),
  ),
})
const Line = Place.extend({
  path: z.string(),
  kind: z.string(),
  unpacked_size: z.number().optional(),
  resources: z.number().optional(),
  revisions: z.number().optional(),
})
const Value = z.record(z.string(), z.unknown())
const RecordLine = z.object({ Item: z.record(z.string(), Value) })
type Item = z.infer<typeof RecordLine>['Item']

export interface IndependentModel {
  readonly digest: string
  readonly resources: number
  readonly revisions: number
  readonly buckets: Record<string, string>
  readonly leaves: Record<string, string>
}

const sha = (...parts: (string | Buffer)[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** A tar entry at `at`: its path, where its content begins, and its size. */
const header = (tar: Buffer, at: number): { path: string; content: number; size: number } => {
  const text = (start: number, length: number): string =>
    tar.toString('utf8', at + start, at + start + length).split('\0')[0] ?? ''
  let sum = 0
  for (let k = 0; k < 512; k++) sum += k >= 148 && k < 156 ? 32 : (tar[at + k] ?? 0)
  assert.equal(Number.parseInt(text(148, 6), 8), sum, `tar header at ${at}`)
  const size = tar[at + 124] === 0x80 ? Number(tar.readBigUInt64BE(at + 128)) : Number.parseInt(text(124, 11), 8)
  const type = text(156, 1)
  if (type === 'x') {
    const path = /^[0-9]+ path=(.*)\n$/s.exec(tar.toString('utf8', at + 512, at + 512 + size))?.[1]
    assert.ok(path !== undefined, 'pax header with a path alone')
    return { ...header(tar, at + 512 + Math.ceil(size / 512) * 512), path }
  }
  assert.equal(type, '0')
  const prefix = text(345, 155)
  return { path: prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`, content: at + 512, size }
}

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
const DROPPED = ['pk', 'sk', 'created_at', 'updated_at', 'applied_by', 'data', 'data_spilled']

/** Canonical JSON as far as the fixtures need it: numbers there are plain, and there are no sets. */
const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => byBytes(a, b))
      .map(([name, member]) => [name, sorted(member)]),
  )
}
const canonical = (item: Item): string =>
  JSON.stringify(sorted(Object.fromEntries(Object.entries(item).filter(([name]) => !DROPPED.includes(name)))))

const S = (item: Item, name: string): string => z.string().parse(item[name]?.['S'])

/** Reads a whole archive with its trailer, and gives what its records come to. */
export const readIndependently = (tar: Buffer): Record<string, IndependentModel> => {
  const end = tar.length - 2048
  assert.equal(header(tar, end).path, 'acbak.trailer')
  assert.ok(tar.subarray(-1024).every((byte) => byte === 0))
  const { manifest: place } = Trailer.parse(JSON.parse(tar.toString('utf8', end + 512, end + 1024)))
  const json = tar.subarray(place.offset, place.offset + place.size)
  assert.equal(sha(json).toString('hex'), place.sha256)
  const manifest = Manifest.parse(JSON.parse(json.toString()))

  const leaves = new Map<string, { h: string; id: string; leaf: Buffer }[]>()
  const count: Record<string, { resources: number; revisions: number }> = {}
  const blobs = { count: 0, bytes: 0 }
  let at = 0
  for (const segment of manifest.segments) {
    assert.equal(segment.offset, at)
    const { index } = segment
    const packed = tar.subarray(index.offset, index.offset + index.size)
    assert.equal(sha(packed).toString('hex'), index.sha256)
    const lines = zstdDecompressSync(packed)
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => Line.parse(JSON.parse(line)))
    const frame = createHash('sha256')
    const step = (path: string | undefined, size: number): Buffer => {
      const found = header(tar, at)
      if (path !== undefined) assert.equal(found.path, path)
      assert.equal(found.size, size)
      const padded = found.content + Math.ceil(size / 512) * 512
      frame.update(tar.subarray(at, found.content)).update(tar.subarray(found.content + size, padded))
      at = padded
      return tar.subarray(found.content, found.content + size)
    }
    let items: Item[] = []
    const close = (model: string): void => {
      const [metadata] = items
      if (metadata === undefined) return
      const id = S(metadata, 'resource_id')
      const h = sha(id).toString('hex').slice(0, 16)
      assert.equal(S(metadata, 'sk'), `${h}/${id}`)
      const leaf = sha(...items.map((item) => `${canonical(item)}\n`))
      leaves.set(model, [...(leaves.get(model) ?? []), { h, id, leaf }])
      items = []
    }
    for (const { path, size, sha256, kind, unpacked_size, resources, revisions } of lines) {
      const content = step(path, size)
      assert.equal(sha(content).toString('hex'), sha256, path)
      if (kind === 'blob') {
        blobs.count += 1
        blobs.bytes += size
      }
      if (kind !== 'records') continue
      const unpacked = zstdDecompressSync(content)
      assert.equal(unpacked.length, unpacked_size)
      const model = z.string().parse(segment.model)
      const own = (count[model] ??= { resources: 0, revisions: 0 })
      const found = { resources: 0, revisions: 0 }
      for (const line of unpacked.toString().trimEnd().split('\n')) {
        const { Item: item } = RecordLine.parse(JSON.parse(line))
        const kindOf = S(item, 'pk').split('#')[1]
        if (kindOf === 'm') {
          close(model)
          found.resources += 1
        } else found.revisions += 1
        items.push(item)
      }
      assert.deepEqual(found, { resources, revisions })
      own.resources += found.resources
      own.revisions += found.revisions
    }
    if (segment.model !== undefined) close(segment.model)
    step(undefined, index.size)
    assert.equal(frame.digest('hex'), segment.frame_sha256)
    assert.equal(at, segment.offset + segment.size)
  }
  assert.equal(header(tar, at).content, place.offset)
  assert.deepEqual(manifest.blobs, blobs)

  return Object.fromEntries(
    Object.entries(manifest.models).map(([model, said]) => {
      const own = leaves.get(model) ?? []
      const ordered = [...own].sort((a, b) => byBytes(a.h, b.h) || byBytes(a.id, b.id))
      assert.deepEqual(own, ordered)
      const names = [...new Set(own.map(({ h }) => h.slice(0, 4)))]
      const buckets = names.map((name) => {
        const inside = own.filter(({ h }) => h.startsWith(name))
        return { name, digest: sha(...inside.map(({ leaf }) => leaf)) }
      })
      const digest = sha(...buckets.flatMap((bucket) => [bucket.name, bucket.digest])).toString('hex')
      assert.equal(digest, said.digest)
      const { resources, revisions } = count[model] ?? { resources: 0, revisions: 0 }
      assert.deepEqual({ resources, revisions }, { resources: said.resources, revisions: said.revisions })
      return [
        model,
        {
          digest,
          resources,
          revisions,
          buckets: Object.fromEntries(buckets.map((bucket) => [bucket.name, bucket.digest.toString('hex')])),
          leaves: Object.fromEntries(own.map(({ id, leaf }) => [id, leaf.toString('hex')])),
        },
      ]
    }),
  )
}
