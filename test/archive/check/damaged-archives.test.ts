import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { checkArchive, type CheckedArchive } from '../../../shared/archive/check/check-archive.ts'
import { type ArchiveFinding, ArchiveFindings } from '../../../shared/archive/check/findings.ts'
import { openArchive } from '../../../shared/archive/open.ts'
import { readIndex } from '../../../shared/archive/segment-reader.ts'
import { idHashOf } from '../../../shared/resources/keys.ts'
import type { Item } from '../../../shared/tables/item.ts'
import { must } from '../../../shared/values/must.ts'
import { compareBytes } from '../../../shared/values/text-order.ts'
import { craftChunks, craftRecords } from '../craft.ts'
import { memorySource } from '../memory.ts'
import { itemsOf, writeArchive } from '../sample.ts'
import { MemoryReferences } from './memory-references.ts'

interface Checked extends CheckedArchive {
  readonly findings: readonly ArchiveFinding[]
  readonly requests: number
}

const check = async (bytes: Buffer): Promise<Checked> => {
  const memory = memorySource(bytes)
  let requests = 0
  const source = {
    size: memory.size,
    read: (start: number, length: number) => {
      requests += 1
      return memory.read(start, length)
    },
    stream: (start: number, length: number) => {
      requests += 1
      return memory.stream(start, length)
    },
  }
  const findings = new ArchiveFindings()
  const checked = await checkArchive(await openArchive(source), new MemoryReferences(), findings)
  return { ...checked, findings: findings.kept, requests }
}

const flipped = (bytes: Buffer, ...positions: readonly number[]): Buffer => {
  const damaged = Buffer.from(bytes)
  for (const at of positions) damaged[at] = must(damaged[at]) ^ 1
  return damaged
}

const resource = (id: string): readonly Item[] => {
  const items = itemsOf('city', { id, revisions: [{ n: 1, data: '{}' }] })
  return [items.metadata, ...items.revisions]
}

/** Three resources of one bucket, in the order of an archive. */
const ofOneBucket = (): readonly (readonly Item[])[] => {
  const buckets = new Map<string, string[]>()
  for (let k = 0; ; k++) {
    const bucket = idHashOf(`r${k}`).slice(0, 4)
    const ids = [...(buckets.get(bucket) ?? []), `r${k}`]
    buckets.set(bucket, ids)
    if (ids.length === 3) return ids.toSorted((a, b) => compareBytes(idHashOf(a), idHashOf(b))).map(resource)
  }
}

const summaryOf = ({ findings, unfinished }: Checked) => ({
  unfinished,
  findings: findings.map(({ check, offset, entry, message }) => ({ check, offset, entry, message })),
})

const CHUNK = 'models/city/s-00000.jsonl.zst'
/** The byte at which the first content of the archive begins. */
const CONTENT = 512

describe('the checks of an archive', () => {
  const header = {
    check: 'bytes',
    offset: 0,
    message: `the archive is invalid: the tar header of entry ${CHUNK} has a wrong checksum`,
  }
  const disordered = () => {
    const [a = [], b = [], c = []] = ofOneBucket()
    return [a, c, b]
  }
  const disorder = {
    check: 'bytes',
    offset: CONTENT,
    entry: CHUNK,
    message: expect.stringMatching(
      new RegExp(`^the archive is invalid: line 5 of entry ${CHUNK}: resource "r\\d+" is out of order$`),
    ) as string,
  }

  it('find resources that are not in order, also if a tar header is damaged', async () => {
    const bytes = craftChunks('city', [disordered()])
    const unfinished = ['records', 'manifest', 'blobs']
    expect(summaryOf(await check(bytes))).toEqual({ unfinished, findings: [disorder] })
    expect(summaryOf(await check(flipped(bytes, 5)))).toEqual({ unfinished, findings: [header, disorder] })
  })

  it('find resources that are not in order, also if another chunk is damaged', async () => {
    const ids = Array.from({ length: 10_000 }, (_, k) => `z${k}`)
    const last = must(ids.toSorted((a, b) => compareBytes(idHashOf(a), idHashOf(b))).at(-1))
    const bytes = craftChunks('city', [disordered(), [resource(last)]])
    const archive = await openArchive(memorySource(bytes))
    const at = must((await readIndex(archive, must(archive.segments[0])))[1]).offset
    const { findings } = summaryOf(await check(flipped(bytes, at)))
    expect(findings).toEqual([
      disorder,
      expect.objectContaining({ check: 'bytes', offset: at, entry: 'models/city/s-00001.jsonl.zst' }),
    ])
  })

  it('find an index line with wrong counts, also if a tar header is damaged', async () => {
    const bytes = craftRecords({ line: { revisions: 3 } })
    const mismatch = {
      check: 'bytes',
      offset: CONTENT,
      entry: CHUNK,
      message: expect.stringMatching(
        /^the archive is invalid: entry \S+ has 1 metadata lines and 2 revision lines .* does not match its index line$/,
      ) as string,
    }
    const unfinished = ['records', 'manifest', 'blobs']
    expect(summaryOf(await check(bytes))).toEqual({ unfinished, findings: [mismatch] })
    expect(summaryOf(await check(flipped(bytes, 5)))).toEqual({ unfinished, findings: [header, mismatch] })
  })

  it('compare the counts and digests with the manifest even if a spilled payload is damaged', async () => {
    const bytes = await readFile(new URL('../../fixtures/acbak/catalogue-v3.acbak', import.meta.url))
    const archive = await openArchive(memorySource(bytes))
    const segments = await Promise.all(
      archive.segments.map(async (segment) =>
        (await readIndex(archive, segment)).map(({ kind, offset }) => ({ kind, at: segment.offset + offset })),
      ),
    )
    const { at } = must(segments.flat().find(({ kind }) => kind === 'payload'))
    const sound = await check(bytes)
    const damaged = await check(flipped(bytes, at))
    expect(damaged.unfinished).toEqual(['manifest', 'blobs'])
    expect(damaged.findings.map(({ check: name, resource_id }) => [name, resource_id ?? '']).sort()).toEqual([
      ['bytes', ''],
      ['records', 'item-large-a'],
      ['records', 'item-large-b'],
    ])
    const counts = ({ models }: Checked) =>
      Object.entries(models).map(([model, { resources, revisions }]) => [model, resources, revisions])
    expect(counts(damaged)).toEqual(counts(sound))
    const wrong = {
      ...archive.manifest.models,
      item: { ...must(archive.manifest.models['item']), digest: '0'.repeat(64) },
    }
    const findings = new ArchiveFindings()
    await checkArchive(
      { ...(await openArchive(memorySource(flipped(bytes, at)))), manifest: { ...archive.manifest, models: wrong } },
      new MemoryReferences(),
      findings,
    )
    expect(findings.kept).toContainEqual(
      expect.objectContaining({
        check: 'manifest',
        message: expect.stringMatching(/^model item: .* digest 0+, /) as string,
      }),
    )
  })

  it('find a tar header that differs from the original one, but is valid', async () => {
    const bytes = craftRecords()
    // The owner of the file and the checksum of the header.
    const changed = Buffer.from(bytes)
    changed.write('1', 108 + 5, 'latin1')
    const checksum = Number.parseInt(bytes.toString('latin1', 148, 154), 8) + 1
    changed.write(checksum.toString(8).padStart(6, '0'), 148, 'latin1')
    const { findings, unfinished } = summaryOf(await check(changed))
    expect(unfinished).toEqual([])
    expect(findings).toMatchObject([
      {
        check: 'bytes',
        offset: 0,
        message: expect.stringMatching(/^the frame .* is corrupt: expected sha256/) as string,
      },
    ])
  })

  it('need no further request for each entry after damage', async () => {
    const blobs = Object.fromEntries(Array.from({ length: 200 }, (_, k) => [`blob ${k}`, Buffer.alloc(3_000, k)]))
    const bytes = await writeArchive({ models: {}, blobs })
    const archive = await openArchive(memorySource(bytes))
    const segment = must(archive.segments[0])
    const { offset } = must((await readIndex(archive, segment))[7])
    const sound = await check(bytes)
    const damaged = await check(flipped(bytes, offset, offset - 100))
    expect(damaged.findings.map((finding) => finding.offset)).toEqual([offset - 512, offset])
    expect(damaged.requests).toBe(sound.requests)
  })
})
