// Reads an archive as FORMAT.md describes it, without any code of shared/. It reveals mistakes that the product's
// writer and
// reader have in common. It checks every checksum, count and digest, and throws at the first wrong one.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { zstdDecompressSync } from 'node:zlib'
import * as z from 'zod'

const Location = z.object({ offset: z.number(), size: z.number(), sha256: z.string() })
const Trailer = z.object({ acbak: z.literal(3), manifest: Location })
const Manifest = z.object({
  models: z.record(z.string(), z.object({ resources: z.number(), revisions: z.number(), digest: z.string() })),
  blobs: z.object({ count: z.number(), bytes: z.number() }),
  segments: z.array(
    z.object({
      offset: z.number(),
      size: z.number(),
      model: z.string().optional(),
      frame_sha256: z.string(),
      index: Location,
    }),
  ),
})
const Line = Location.extend({
  path: z.string(),
  kind: z.string(),
  unpacked_size: z.number().optional(),
  resources: z.number().optional(),
  revisions: z.number().optional(),
})
const Value = z.record(z.string(), z.unknown())
const RecordLine = z.object({ Item: z.record(z.string(), Value) })
type Item = z.infer<typeof RecordLine>['Item']

interface IndependentModel {
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

/** The headers of the tar entry at `at`: its path, the offset of its content, and its size. */
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
    assert.ok(path !== undefined, 'a pax header must contain only a path')
    return { ...header(tar, at + 512 + Math.ceil(size / 512) * 512), path }
  }
  assert.equal(type, '0')
  const prefix = text(345, 155)
  return { path: prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`, content: at + 512, size }
}

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
const DROPPED = ['pk', 'sk', 'created_at', 'updated_at', 'applied_by', 'data', 'data_spilled']

/** Canonical JSON for items whose numbers are plain and that have no sets, as in the fixtures. */
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

/** Reads a whole archive with its trailer, and returns counts and digests of its records. */
export const readIndependently = (tar: Buffer): Record<string, IndependentModel> => {
  const end = tar.length - 2048
  assert.equal(header(tar, end).path, 'acbak.trailer')
  assert.ok(tar.subarray(-1024).every((byte) => byte === 0))
  const { manifest: location } = Trailer.parse(JSON.parse(tar.toString('utf8', end + 512, end + 1024)))
  const json = tar.subarray(location.offset, location.offset + location.size)
  assert.equal(sha(json).toString('hex'), location.sha256)
  const manifest = Manifest.parse(JSON.parse(json.toString()))

  const leaves = new Map<string, { h: string; id: string; leaf: Buffer }[]>()
  const counts: Record<string, { resources: number; revisions: number }> = {}
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
    const readEntry = (path: string | undefined, size: number): Buffer => {
      const entry = header(tar, at)
      if (path !== undefined) assert.equal(entry.path, path)
      assert.equal(entry.size, size)
      const end = entry.content + Math.ceil(size / 512) * 512
      frame.update(tar.subarray(at, entry.content)).update(tar.subarray(entry.content + size, end))
      at = end
      return tar.subarray(entry.content, entry.content + size)
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
      const content = readEntry(path, size)
      assert.equal(sha(content).toString('hex'), sha256, path)
      if (kind === 'blob') {
        blobs.count += 1
        blobs.bytes += size
      }
      if (kind !== 'records') continue
      const unpacked = zstdDecompressSync(content)
      assert.equal(unpacked.length, unpacked_size)
      const model = z.string().parse(segment.model)
      const total = (counts[model] ??= { resources: 0, revisions: 0 })
      const chunk = { resources: 0, revisions: 0 }
      for (const line of unpacked.toString().trimEnd().split('\n')) {
        const { Item: item } = RecordLine.parse(JSON.parse(line))
        const letter = S(item, 'pk').split('#')[1]
        if (letter === 'm') {
          close(model)
          chunk.resources += 1
        } else chunk.revisions += 1
        items.push(item)
      }
      assert.deepEqual(chunk, { resources, revisions })
      total.resources += chunk.resources
      total.revisions += chunk.revisions
    }
    if (segment.model !== undefined) close(segment.model)
    readEntry(undefined, index.size)
    assert.equal(frame.digest('hex'), segment.frame_sha256)
    assert.equal(at, segment.offset + segment.size)
  }
  assert.equal(header(tar, at).content, location.offset)
  assert.deepEqual(manifest.blobs, blobs)

  return Object.fromEntries(
    Object.entries(manifest.models).map(([model, expected]) => {
      const resourceLeaves = leaves.get(model) ?? []
      const ordered = [...resourceLeaves].sort((a, b) => byBytes(a.h, b.h) || byBytes(a.id, b.id))
      assert.deepEqual(resourceLeaves, ordered)
      const names = [...new Set(resourceLeaves.map(({ h }) => h.slice(0, 4)))]
      const buckets = names.map((name) => {
        const inside = resourceLeaves.filter(({ h }) => h.startsWith(name))
        return { name, digest: sha(...inside.map(({ leaf }) => leaf)) }
      })
      const digest = sha(...buckets.flatMap((bucket) => [bucket.name, bucket.digest])).toString('hex')
      assert.equal(digest, expected.digest)
      const { resources, revisions } = counts[model] ?? { resources: 0, revisions: 0 }
      assert.deepEqual({ resources, revisions }, { resources: expected.resources, revisions: expected.revisions })
      return [
        model,
        {
          digest,
          resources,
          revisions,
          buckets: Object.fromEntries(buckets.map((bucket) => [bucket.name, bucket.digest.toString('hex')])),
          leaves: Object.fromEntries(resourceLeaves.map(({ id, leaf }) => [id, leaf.toString('hex')])),
        },
      ]
    }),
  )
}
