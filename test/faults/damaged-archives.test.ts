import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import process from 'node:process'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { openArchive } from '../../shared/archive/open.ts'
import { readIndex } from '../../shared/archive/segment-reader.ts'
import { startExport } from '../../shared/export/start-export.ts'
import type { CheckJob, Job, RestoreJob } from '../../shared/jobs/job.ts'
import type { ExportRequest } from '../../shared/jobs/job-request.ts'
import { must } from '../../shared/values/must.ts'
import { startCheck } from '../../shared/restore/start/start-check.ts'
import { startRestoreFrom } from '../../shared/restore/start/start-restore.ts'
import { memorySource } from '../archive/memory.ts'
import { type StoreContents, stableContents } from '../contents.ts'
import { numbersOf } from '../large/noise.ts'
import { fixture } from '../workflows/program.ts'
import { specstarFile } from '../workflows/specstar-listing.ts'
import { SEED, tally } from './seeded.ts'
import { sampleContents } from './sample-contents.ts'
import { FaultHarness } from './fault-harness.ts'

/** The number of changes per family of archives: small in `npm test`, larger in `npm run test:faults`. */
const FLIPS = Number(process.env['FLIPS'] ?? 4)

/** The types of problems that a damaged archive may be rejected with. */
const REJECTIONS = [
  'entry-corrupt',
  'archive-truncated',
  'archive-invalid',
  'not-an-archive',
  'unsupported-version',
  'unknown-models',
]

/** One change of an archive: a changed byte, or a truncation to `length` bytes. */
type Change = { readonly at: number; readonly xor: number } | { readonly length: number }

const applyChange = (bytes: Buffer, change: Change): Buffer => {
  if ('length' in change) return bytes.subarray(0, change.length)
  const copy = Buffer.from(bytes)
  copy.writeUInt8(copy.readUInt8(change.at) ^ change.xor, change.at)
  return copy
}

/** Archives of one kind, and the checks after a restore of a damaged one. */
interface Family {
  readonly name: string
  readonly archives: () => Promise<readonly Buffer[]>
  /** Checks the store after a restore that succeeded in spite of a changed byte. If absent, every restore must fail. */
  readonly checkAccepted?: (found: StoreContents, whole: StoreContents, missing: readonly string[]) => void
  /** Returns the entry that contains a byte, if the problem must name it. */
  readonly entryAt?: (bytes: Buffer, at: number) => Promise<string | undefined>
}

describe('an archive with a changed byte or a missing end', { timeout: 7_200_000 }, () => {
  let harness: FaultHarness
  let before: StoreContents

  const runRestore = async (bytes: Buffer): Promise<RestoreJob> => {
    const { objects, config } = harness.services
    const { bucket, key } = await objects.put(config.buckets.archives, 'some.acbak', bytes)
    const request = { filters: {}, on_duplicate: 'overwrite', dry_run: false } as const
    const job = await harness.run((services) =>
      startRestoreFrom(services, request, { bucket, key }, { requestedBy: 'test' }),
    )
    if (job.kind !== 'restore') throw new Error('the job is not a restore')
    return job
  }
  const runCheck = async (bytes: Buffer): Promise<CheckJob> => {
    const { objects, config } = harness.services
    const { bucket, key } = await objects.put(config.buckets.archives, 'some.acbak', bytes)
    const job = await harness.run((services) => startCheck(services, { bucket, key }, { requestedBy: 'test' }))
    if (job.kind !== 'check') throw new Error('the job is not a check')
    return job
  }
  const runExport = async (format: ExportRequest['format']): Promise<Buffer> => {
    const request = { models: ['guild', 'item'], filters: {}, strict: true, format }
    const job = await harness.run((services) => startExport(services, request, { requestedBy: 'test' }))
    if (job.kind !== 'export' || job.result === undefined) throw new Error(JSON.stringify(job))
    const { archive } = job.result
    return harness.services.objects.readBytes(archive, 0, archive.size)
  }

  beforeAll(async () => {
    harness = await FaultHarness.start({ rangeBytes: 400_000 })
    before = await sampleContents(harness)
    await harness.putContents(before)
  })
  afterAll(() => harness.stop())

  const FAMILIES: readonly Family[] = [
    {
      name: 'of version 3',
      archives: async () => [await fixture('catalogue-v3.acbak'), await runExport('acbak')],
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
      // No checksum covers the times and the job id in the manifest, or the owners in tar headers. They do not reach
      // the store.
      checkAccepted: (found, whole) => {
        deepStrictEqual(stableContents(found), stableContents(whole))
      },
    },
    {
      name: "of SpecStar's version 2",
      archives: async () => [
        await specstarFile('catalogue.acbak'),
        await specstarFile('catalogue-msgpack.acbak'),
        await runExport('specstar'),
      ],
      // The stream has checksums of payloads and blobs, but not of other fields. If the id of a blob changes so that it
      // is not a hash, the blob is restored under the changed id, and the id in the payload is reported as missing.
      checkAccepted: (found, whole, missing) => {
        deepStrictEqual(payloadsOf(found), payloadsOf(whole))
        const expected = [...whole.objects].filter(([key]) => !missing.includes(key.replace('blobs/', '')))
        deepStrictEqual([...found.objects].sort(), expected.sort())
      },
    },
  ]

  /**
   * Restores the changed archive. Returns whether it was rejected. Throws unless it was rejected with the right problem
   * and without a write, or restored with a correct result.
   */
  const restoreDamaged = async (
    intact: IntactArchive,
    change: Change,
    { checkAccepted: check, entryAt }: Family,
  ): Promise<boolean> => {
    const damaged = applyChange(intact.bytes, change)
    const checked = await runCheck(damaged)
    deepStrictEqual(await harness.contents(), before)
    const job = await runRestore(damaged)
    const found = await harness.contents()
    // A check and a restore find the same. Only the restore says that nothing was written.
    const outcomeOf = ({ status, error }: Job) => [
      status,
      error?.type,
      error?.detail.replace('. Nothing was written', ''),
    ]
    deepStrictEqual(outcomeOf(checked), outcomeOf(job))
    if (job.error === undefined) {
      ok('at' in change && check !== undefined, 'the damaged archive was restored')
      const missing = job.result?.missing_blobs?.ids ?? []
      strictEqual(job.status, missing.length > 0 ? 'partial' : 'succeeded')
      check(found, intact.contents, missing)
      await harness.putContents(before)
      return false
    }
    const { type, detail } = job.error
    ok(REJECTIONS.includes(type), `${type}: ${detail}`)
    deepStrictEqual(found, before)
    const entry = 'at' in change ? await entryAt?.(intact.bytes, change.at) : undefined
    if (entry !== undefined) deepStrictEqual([type, job.error['entry']], ['entry-corrupt', entry])
    return true
  }

  it.for(FAMILIES)('$name: is rejected with the damaged entry, and nothing is written', async (family, { task }) => {
    const intactArchives: IntactArchive[] = []
    for (const bytes of await family.archives()) {
      const job = await runRestore(bytes)
      strictEqual(job.status, 'succeeded', job.error?.detail)
      intactArchives.push({ bytes, contents: await harness.contents() })
      await harness.putContents(before)
    }
    const numbers = numbersOf(`${family.name} ${SEED}`)
    const below = (end: number): number => Math.floor(numbers() * end)
    const counts = { flips: 0, cuts: 0, rejected: 0 }
    for (let n = 0; n < FLIPS; n++) {
      const intact = must(intactArchives[n % intactArchives.length])
      const cut = numbers() < 0.3
      const at = below(intact.bytes.length)
      const change = cut ? { length: at } : { at, xor: 1 + below(255) }
      try {
        const rejected = await restoreDamaged(intact, change, family)
        counts[cut ? 'cuts' : 'flips'] += 1
        if (rejected) counts.rejected += 1
      } catch (error) {
        throw new Error(`archive ${n % intactArchives.length}, ${JSON.stringify(change)} (seed ${SEED})`, {
          cause: error,
        })
      }
    }
    const { flips, cuts, rejected } = counts
    console.info(`${family.name}: ${flips} flips and ${cuts} cuts, ${rejected} rejected (seed ${SEED})`)
    tally(task, Object.fromEntries(Object.entries(counts).map(([what, count]) => [`${what}, ${family.name}`, count])))
  })
})

/** An intact archive, and the contents of a store after its restore. */
interface IntactArchive {
  readonly bytes: Buffer
  readonly contents: StoreContents
}

const payloadsOf = ({ items }: StoreContents): string[] =>
  [...items.values()].flatMap(({ data_sha256 }) => data_sha256?.S ?? []).sort()
