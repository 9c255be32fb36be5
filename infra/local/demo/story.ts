import { createWriteStream, openAsBlob } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import prettyBytes from 'pretty-bytes'
import { fill } from '../seed/fill.ts'
import { openLocalStores } from '../stores/local-stores.ts'
import { wipe } from '../stores/wipe-store.ts'
import { ApiClient, type DryRunResult, dryRunResult, exportResult, type Slot } from './api-client.ts'
import { check, DemoFailedError } from './check.ts'
import { damageBlob, damageRevision } from './damage.ts'
import { folderCounts, listArchive } from './listing.ts'
import type { DemoProgram } from './demo-program.ts'
import { showProgress } from './progress.ts'
import type { Snapshot } from './snapshot.ts'
import { dryRunTable, exportTable, folderTable, listingText, memoryTable, reportTable, stepTable } from './tables.ts'
import { Telling } from './demo-run.ts'

/**
 * The whole story: seed, export, wipe, restore, prove; then damage, find and mend. Jobs go through the program's own doors, and
 * what is there before and after is read by plain clients. `cities`: no more of them than these. Throws `DemoFailedError` where a
 * step is not as it should be.
 */
export const tellStory = async (program: DemoProgram, folder: string, cities?: number): Promise<void> => {
  const began = performance.now()
  const telling = new Telling(new ApiClient(program.url), await openLocalStores(program.env))
  const before = await seed(telling, cities)
  const file = join(folder, 'backup.acbak')
  const exportJob = await exportAll(telling, file)
  await wipeAll(telling)
  await restoreFile(telling, file)
  await telling.checkSame(before)
  await damage(telling, before)
  await findAndMend(telling, exportJob)
  await telling.checkSame(before)

  console.log(`\nSummary: ${sizesOf(before)}`)
  console.log(stepTable(telling.steps, before.itemBytes + before.blobBytes))
  console.log(memoryTable(await program.peakMemory()))
  console.log(`done in ${((performance.now() - began) / 1000).toFixed(0)} s`)
}

const seed = async (telling: Telling, cities: number | undefined): Promise<Snapshot> => {
  const seeded = await telling.step('seed', 'Seed: countries and cities with their histories', async () => {
    const progress = showProgress()
    try {
      return await fill(
        telling.stores,
        (done) => {
          progress.update('resources', done, 0)
        },
        cities,
      )
    } finally {
      progress.end()
    }
  })
  const before = await telling.snapshot()
  console.log(`  ${sizesOf(before)}`)
  check('every seeded item and blob is there', [before.items.size, before.blobs.size], [seeded.items, seeded.blobs])
  return before
}

/** Exports all models and downloads the archive to a file. Returns the job's id. */
const exportAll = async (telling: Telling, file: string): Promise<string> => {
  const { job_id, result } = await telling.step('export', 'Export all models', async () => {
    const job_id = await telling.api.startExport()
    return { job_id, result: exportResult(await telling.job(job_id)) }
  })
  console.log(exportTable(result))
  check('the export is complete', result.complete, true)
  const { ok, status, body } = await fetch(result.url)
  if (!ok || body === null) throw new DemoFailedError(`the archive's URL answered ${status}`)
  await pipeline(Readable.fromWeb(body), createWriteStream(file))
  const entries = await listArchive(file)
  console.log(`\nThe archive, ${prettyBytes(result.archive.size)}, is a tar:\n${listingText(entries)}`)
  console.log(folderTable(folderCounts(entries)))
  return job_id
}

const wipeAll = async (telling: Telling): Promise<void> => {
  await telling.step('wipe', 'Wipe the store', () => wipe(telling.stores))
  const { items, blobs } = await telling.snapshot()
  check('nothing is left', [items.size, blobs.size], [0, 0])
}

const restoreFile = async (telling: Telling, file: string): Promise<void> => {
  const jobId = await telling.step('restore', 'Restore the downloaded file, by an upload slot', async () => {
    const slot = await telling.api.openSlot()
    await upload(slot, file)
    await telling.job(slot.job_id)
    return slot.job_id
  })
  await showReport(telling, jobId)
}

const upload = async ({ upload: { method, url, headers } }: Slot, file: string): Promise<void> => {
  const { ok, status } = await fetch(url, { method, headers, body: await openAsBlob(file) })
  if (!ok) throw new DemoFailedError(`the upload slot answered ${status}`)
}

const showReport = async ({ api }: Telling, jobId: string): Promise<void> => {
  const report = await api.report(jobId)
  console.log(reportTable(report))
  check('verification passed', report.passed, true)
}

/** Damages one blob and one city, past the program. */
const damage = async ({ stores: { s3, dynamo, config } }: Telling, { blobs, items }: Snapshot): Promise<void> => {
  const blob = first(blobs, 'blobs/')
  const revision = first(items, 'city#r#')
  console.log(`\nDamage by hand: one bit of ${blob},\nand the name in ${revision}`)
  await damageBlob(s3, config.buckets.blobs, blob)
  // Ids of this sample hold no space: the first one ends the partition key.
  const [pk = '', sk = ''] = revision.split(' ')
  await damageRevision(dynamo, config.tables.resources, pk, sk)
}

const findAndMend = async (telling: Telling, exportJob: string): Promise<void> => {
  const found = await dryRun(telling, 'A dry run against the archive finds both', exportJob)
  check('the damaged blob is found, and no other', found.blobs.changed, 1)
  check('the damaged city is found, and nothing else', changesOf(found), { city: 1 })
  const models = [...new Set(found.findings.map(({ model }) => model))].sort()
  for (const model of models) await mend(telling, exportJob, model, idsOf(found, model))
  const left = await dryRun(telling, 'Another dry run finds nothing', exportJob)
  check('nothing differs from the archive', [left.blobs.changed, changesOf(left)], [0, {}])
}

/** Restores what a dry run named, and nothing else. */
const mend = async (telling: Telling, exportJob: string, model: string, ids: readonly string[]): Promise<void> => {
  const what = ids.length === 0 ? `model ${model}, as a blob of it differs` : `${model} ${ids.join(', ')}`
  const jobId = await telling.part(`mend ${model}`, `A restore mends ${what}`, async () => {
    const id = await telling.api.startRestore(exportJob, { model, ids })
    await telling.job(id)
    return id
  })
  await showReport(telling, jobId)
}

/** The resources of a model that a dry run named; none where it named blobs alone. */
const idsOf = ({ findings }: DryRunResult, model: string): string[] => [
  ...new Set(findings.filter((finding) => finding.model === model).flatMap(({ resource_id }) => resource_id || [])),
]

const dryRun = async (telling: Telling, title: string, exportJob: string): Promise<DryRunResult> => {
  const result = await telling.step('dry run', title, async () =>
    dryRunResult(await telling.job(await telling.api.startRestore(exportJob, { dryRun: true }))),
  )
  console.log(dryRunTable(result))
  return result
}

/** Models that would change, each with how many of its resources. */
const changesOf = ({ models }: DryRunResult): Record<string, number> =>
  Object.fromEntries(
    Object.entries(models).flatMap(([model, counts]) => {
      const changes = counts.new + counts.changed + counts.target_only
      return changes === 0 ? [] : [[model, changes] as const]
    }),
  )

const sizesOf = ({ items, blobs, itemBytes, blobBytes }: Snapshot): string =>
  `${items.size.toLocaleString('en')} items of ${prettyBytes(itemBytes)}, ${blobs.size.toLocaleString('en')} blobs of ${prettyBytes(blobBytes)}`

const first = (contents: ReadonlyMap<string, string>, prefix: string): string => {
  const key = [...contents.keys()].filter((one) => one.startsWith(prefix)).sort()[0]
  if (key === undefined) throw new DemoFailedError(`there is nothing under ${prefix}`)
  return key
}
