import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import process from 'node:process'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { openArchive } from '../../shared/archive/open.ts'
import { readIndex } from '../../shared/archive/segment-reader.ts'
import { startExport } from '../../shared/export/start-export.ts'
import type { ExportRequest, RestoreJob } from '../../shared/jobs/job.ts'
import { must } from '../../shared/values/must.ts'
import { startRestoreFrom } from '../../shared/restore/start/start-restore.ts'
import { memorySource } from '../archive/memory.ts'
import { type Contents, lasting } from '../contents.ts'
import { numbersOf } from '../large/noise.ts'
import { fixture } from '../workflows/program.ts'
import { specstarFile } from '../workflows/specstar-listing.ts'
import { SEED, tally } from './seeded.ts'
import { smallStore } from './small-store.ts'
import { FaultyWorld } from './world.ts'

/** Of each family of archives: `npm test` damages a few, `npm run test:faults` many. */
const FLIPS = Number(process.env['FLIPS'] ?? 4)

/** What a damaged archive may be refused with. */
const REFUSALS = [
  'entry-corrupt',
  'archive-truncated',
  'archive-invalid',
  'not-an-archive',
  'unsupported-version',
  'unknown-models',
]

/** One change to an archive: a byte that becomes another, or all that is left of it. */
type Change = { readonly at: number; readonly xor: number } | { readonly length: number }

const changed = (bytes: Buffer, change: Change): Buffer => {
  if ('length' in change) return bytes.subarray(0, change.length)
  const copy = Buffer.from(bytes)
  copy.writeUInt8(copy.readUInt8(change.at) ^ change.xor, change.at)
  return copy
}

/** Archives of one kind, and what must be so after a restore that took a damaged one. */
interface Family {
  readonly name: string
  readonly archives: () => Promise<readonly Buffer[]>
  /** Absent: none may be taken. */
  readonly taken?: (found: Contents, whole: Contents, missing: readonly string[]) => void
  /** The entry in whose content a byte lies, where a refusal must name it. */
  readonly entryAt?: (bytes: Buffer, at: number) => Promise<string | undefined>
}

describe('a larger archive, with a byte changed or cut', { timeout: 7_200_000 }, () => {
  let world: FaultyWorld
  let before: Contents

  const restored = async (bytes: Buffer): Promise<RestoreJob> => {
    const { objects, config } = world.services
    const { bucket, key } = await objects.put(config.buckets.archives, 'some.acbak', bytes)
    const request = { filters: {}, on_duplicate: 'overwrite', dry_run: false } as const
    const job = await world.run((services) =>
      startRestoreFrom(services, request, { bucket, key }, { requestedBy: 'test' }),
    )
    if (job.kind !== 'restore') throw new Error('not a restore')
    return job
  }
  const exported = async (format: ExportRequest['format']): Promise<Buffer> => {
    const request = { models: ['guild', 'item'], filters: {}, strict: true, format }
    const job = await world.run((services) => startExport(services, request, { requestedBy: 'test' }))
    if (job.kind !== 'export' || job.result === undefined) throw new Error(JSON.stringify(job))
    const { archive } = job.result
    return world.services.objects.readBytes(archive, 0, archive.size)
  }

  beforeAll(async () => {
    world = await FaultyWorld.start({ rangeBytes: 400_000 })
    before = await smallStore(world)
    await world.putContents(before)
  })
  afterAll(() => world.stop())

  const FAMILIES: readonly Family[] = [
    {
      name: 'of version 3',
      archives: async () => [await fixture('catalogue-v3.acbak'), await exported('acbak')],
      entryAt: async (bytes, at) => {
        const archive = await openArchive(memorySource(bytes))
        for (const segment of archive.segments)
          for (const { path, offset, size } of await readIndex(archive, segment)) {
            const start = segment.offset + offset
            if (at >= start && at < start + size) return path
          }
        return undefined
      },
    },
    {
      name: 'of version 3, repacked as a tar without a trailer',
      archives: async () => [await fixture('repacked-v3.tar')],
      // Nothing vouches for the manifest's times and job, or for what a tar says of owners: the store does not show them.
      taken: (found, whole) => {
        deepStrictEqual(lasting(found), lasting(whole))
      },
    },
    {
      name: "of SpecStar's version 2",
      archives: async () => [
        await specstarFile('catalogue.acbak'),
        await specstarFile('catalogue-msgpack.acbak'),
        await exported('specstar'),
      ],
      // Its hashes vouch for payloads and blobs, its framing for what there is; nothing for who wrote it and when.
      // A blob under a name that is no hash any more is told as missing under the name that payloads know.
      taken: (found, whole, missing) => {
        deepStrictEqual(payloadsOf(found), payloadsOf(whole))
        const told = [...whole.objects].filter(([key]) => !missing.includes(key.replace('blobs/', '')))
        deepStrictEqual([...found.objects].sort(), told.sort())
      },
    },
  ]

  /** Restores what the change leaves. Throws where that is neither refused, named and without a trace, nor as it may be. */
  const survives = async (whole: Whole, change: Change, { taken, entryAt }: Family): Promise<boolean> => {
    const job = await restored(changed(whole.bytes, change))
    const found = await world.contents()
    if (job.error === undefined) {
      ok('at' in change && taken !== undefined, 'it was restored')
      const missing = job.result?.missing_blobs?.ids ?? []
      strictEqual(job.status, missing.length > 0 ? 'partial' : 'succeeded')
      taken(found, whole.contents, missing)
      await world.putContents(before)
      return false
    }
    const { type, detail } = job.error
    ok(REFUSALS.includes(type), `${type}: ${detail}`)
    deepStrictEqual(found, before)
    const entry = 'at' in change ? await entryAt?.(whole.bytes, change.at) : undefined
    if (entry !== undefined) deepStrictEqual([type, job.error['entry']], ['entry-corrupt', entry])
    return true
  }

  it.for(FAMILIES)('$name: is found and named, and nothing is written', async (family, { task }) => {
    const wholes: Whole[] = []
    for (const bytes of await family.archives()) {
      const job = await restored(bytes)
      strictEqual(job.status, 'succeeded', job.error?.detail)
      wholes.push({ bytes, contents: await world.contents() })
      await world.putContents(before)
    }
    const numbers = numbersOf(`${family.name} ${SEED}`)
    const below = (end: number): number => Math.floor(numbers() * end)
    const told = { flips: 0, cuts: 0, refused: 0 }
    for (let n = 0; n < FLIPS; n++) {
      const whole = must(wholes[n % wholes.length])
      const cut = numbers() < 0.3
      const at = below(whole.bytes.length)
      const change = cut ? { length: at } : { at, xor: 1 + below(255) }
      try {
        const refused = await survives(whole, change, family)
        told[cut ? 'cuts' : 'flips'] += 1
        if (refused) told.refused += 1
      } catch (error) {
        throw new Error(`archive ${n % wholes.length}, ${JSON.stringify(change)} (seed ${SEED})`, { cause: error })
      }
    }
    const { flips, cuts, refused } = told
    console.info(`${family.name}: ${flips} flips and ${cuts} cuts, ${refused} refused (seed ${SEED})`)
    tally(task, Object.fromEntries(Object.entries(told).map(([what, count]) => [`${what}, ${family.name}`, count])))
  })
})

/** An archive as it was made, and the store as it then leaves it. */
interface Whole {
  readonly bytes: Buffer
  readonly contents: Contents
}

const payloadsOf = ({ items }: Contents): string[] =>
  [...items.values()].flatMap(({ data_sha256 }) => data_sha256?.S ?? []).sort()
