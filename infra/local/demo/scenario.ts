import { createWriteStream, openAsBlob } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { styleText } from 'node:util'
import prettyBytes from 'pretty-bytes'
import type { DemoOptions } from '../seed/options.ts'
import { seedStore } from '../seed/seed-store.ts'
import { openLocalStores } from '../stores/local-stores.ts'
import { wipe } from '../stores/wipe-store.ts'
import { ApiClient, type DryRunResult, dryRunResult, exportResult, type Report, type UploadSlot } from './api-client.ts'
import { check, DemoFailedError } from './check.ts'
import { damageBlob, damageRevision } from './damage.ts'
import type { DemoProgram } from './demo-program.ts'
import { DemoRun } from './demo-run.ts'
import { folderCounts, listArchive } from './listing.ts'
import { showProgress } from './progress.ts'
import type { Snapshot } from './snapshot.ts'
import {
  dryRunTable,
  exportTable,
  factsText,
  folderTable,
  listingText,
  memoryTable,
  reportTable,
  timingTable,
} from './tables.ts'

/** The number of calls of `beginStep`, for the headings. */
const STEPS = 8

/**
 * Runs the demo. First, it writes sample data, exports it, deletes it, restores it and compares the result. Then it
 * damages the store, finds the damage and repairs it. Exports and restores run through the API of the program. The demo
 * reads and damages the store with AWS clients. Throws `DemoFailedError` at the first check that fails.
 */
export const runScenario = async (program: DemoProgram, folder: string, options: DemoOptions): Promise<void> => {
  const start = performance.now()
  const run = new DemoRun(new ApiClient(program.url), await openLocalStores(program.env), STEPS)
  console.log('This demo backs up sample data, deletes it and restores it. Then it damages the data and repairs it.')
  console.log('It runs the local program on free ports, with its data in a temporary folder.')
  const original = await seed(run, options.cities)
  const file = join(folder, 'backup.acbak')
  const exportJob = await exportAll(run, file)
  await wipeAll(run)
  const report = await restoreFile(run, file)
  await run.checkUnchanged(original)
  await damage(run, original)
  const found = await findDamage(run, exportJob)
  await repair(run, exportJob, found)
  await compareAgain(run, exportJob)
  await run.checkUnchanged(original)

  console.log(`\n${styleText(['bold', 'cyan'], 'Summary')}`)
  console.log(timingTable(run.timings, original.itemBytes + original.blobBytes))
  if (options.verbose) console.log(memoryTable(await program.peakMemory()))
  console.log(factsText({ sizes: sizesOf(original), report, found }))
  const seconds = ((performance.now() - start) / 1000).toFixed(0)
  console.log(styleText('bold', `All checks passed in ${seconds} s.`))
}

const seed = async (run: DemoRun, maxCities: number | undefined): Promise<Snapshot> => {
  run.beginStep('write sample data (countries and cities with their revisions)')
  const progress = showProgress()
  const onProgress = (resources: number): void => {
    progress.update('writing resources', resources, 0)
  }
  const written = await run
    .timeWholeStore('seed', () => seedStore(run.stores, onProgress, maxCities))
    .finally(() => {
      progress.end()
    })
  const original = await run.snapshot()
  console.log(`  The store contains ${sizesOf(original)}.`)
  check(
    'every written item and blob is in the store',
    [original.items.size, original.blobs.size],
    [written.items, written.blobs],
  )
  return original
}

/** Exports all models and downloads the archive to a file. Returns the job id. */
const exportAll = async (run: DemoRun, file: string): Promise<string> => {
  run.beginStep('export all models to one archive')
  const { jobId, result } = await run.timeWholeStore('export', async () => {
    const jobId = await run.api.startExport()
    return { jobId, result: exportResult(await run.job(jobId)) }
  })
  console.log(exportTable(result))
  check('the export is complete', result.complete, true)
  const { ok, status, body } = await fetch(result.url)
  if (!ok || body === null) throw new DemoFailedError(`downloading the archive failed with status ${status}`)
  await pipeline(Readable.fromWeb(body), createWriteStream(file))
  const entries = await listArchive(file)
  console.log(`  The archive is a tar file of ${prettyBytes(result.archive.size)}:\n${listingText(entries)}`)
  console.log(folderTable(folderCounts(entries)))
  return jobId
}

const wipeAll = async (run: DemoRun): Promise<void> => {
  run.beginStep('delete all resources and blobs')
  await run.timeWholeStore('wipe', () => wipe(run.stores))
  const { items, blobs } = await run.snapshot()
  check('the store is empty', [items.size, blobs.size], [0, 0])
}

/** Restores the downloaded archive. Returns the report of the restore. */
const restoreFile = async (run: DemoRun, file: string): Promise<Report> => {
  run.beginStep('restore the downloaded archive through an upload slot')
  const jobId = await run.timeWholeStore('restore', async () => {
    const slot = await run.api.openUploadSlot()
    await upload(slot, file)
    await run.job(slot.job_id)
    return slot.job_id
  })
  return showReport(run, jobId)
}

const upload = async ({ upload: { method, url, headers } }: UploadSlot, file: string): Promise<void> => {
  const { ok, status } = await fetch(url, { method, headers, body: await openAsBlob(file) })
  if (!ok) throw new DemoFailedError(`uploading the archive failed with status ${status}`)
}

const showReport = async ({ api }: DemoRun, jobId: string): Promise<Report> => {
  const report = await api.report(jobId)
  console.log(reportTable(report))
  check('the verification of the restore passed', report.passed, true)
  check('the verification checked resources', report.proved, true)
  return report
}

/** Damages one blob and one city. Uses AWS clients, so the program does not notice the damage. */
const damage = async (run: DemoRun, { blobs, items }: Snapshot): Promise<void> => {
  run.beginStep('damage the store')
  const { s3, dynamo, config } = run.stores
  const blob = firstKey(blobs, 'blobs/')
  await damageBlob(s3, config.buckets.blobs, blob)
  console.log(`  Flipped one bit of the S3 object ${blob}.`)
  // A key of the snapshot consists of the partition key and the sort key, separated by a space. The partition keys of
  // the sample data contain no spaces.
  const [pk = '', sk = ''] = firstKey(items, 'city#r#').split(' ')
  await damageRevision(dynamo, config.tables.resources, pk, sk)
  // A sort key is `{id hash}/{resource id}/…`.
  console.log(`  Changed the name in a revision of the resource ${sk.split('/')[1]}.`)
}

const findDamage = async (run: DemoRun, exportJob: string): Promise<DryRunResult> => {
  run.beginStep('compare the store with the archive (a dry run of a restore)')
  const found = await dryRun(run, 'compare', exportJob)
  check('exactly one blob differs', found.blobs.changed, 1)
  check('exactly one city differs, and no other resource', differingResources(found), { city: 1 })
  return found
}

/** Restores only the models and resources that the dry run reported. */
const repair = async (run: DemoRun, exportJob: string, found: DryRunResult): Promise<void> => {
  run.beginStep('restore only what differs')
  const models = [...new Set(found.findings.map(({ model }) => model))].sort()
  for (const model of models) {
    const ids = reportedIds(found, model)
    console.log(
      ids.length === 0
        ? `  Restoring all resources of the model ${model}, because one of its blobs differs`
        : `  Restoring only the resource ${ids.join(', ')}`,
    )
    const jobId = await run.timePart(`repair ${model}`, async () => {
      const id = await run.api.startRestore(exportJob, { model, ids })
      await run.job(id)
      return id
    })
    await showReport(run, jobId)
  }
}

/**
 * Returns the ids of the model's resources that the dry run reported. If the dry run reported only blobs of the model,
 * the list is empty.
 */
const reportedIds = ({ findings }: DryRunResult, model: string): string[] => [
  ...new Set(findings.filter((finding) => finding.model === model).flatMap(({ resource_id }) => resource_id || [])),
]

const compareAgain = async (run: DemoRun, exportJob: string): Promise<void> => {
  run.beginStep('compare again')
  const left = await dryRun(run, 'compare again', exportJob)
  check('the store and the archive are identical', [left.blobs.changed, differingResources(left)], [0, {}])
}

const dryRun = async (run: DemoRun, name: string, exportJob: string): Promise<DryRunResult> => {
  const result = await run.timeWholeStore(name, async () =>
    dryRunResult(await run.job(await run.api.startRestore(exportJob, { dryRun: true }))),
  )
  console.log(dryRunTable(result))
  return result
}

/** Returns the number of differing resources of each model. Omits models without differences. */
const differingResources = ({ models }: DryRunResult): Record<string, number> =>
  Object.fromEntries(
    Object.entries(models).flatMap(([model, counts]) => {
      const differing = counts.new + counts.changed + counts.target_only
      return differing === 0 ? [] : [[model, differing] as const]
    }),
  )

const sizesOf = ({ items, blobs, itemBytes, blobBytes }: Snapshot): string =>
  `${items.size.toLocaleString('en')} items (${prettyBytes(itemBytes)}) in DynamoDB ` +
  `and ${blobs.size.toLocaleString('en')} blobs (${prettyBytes(blobBytes)}) in S3`

const firstKey = (contents: ReadonlyMap<string, string>, prefix: string): string => {
  const key = [...contents.keys()].filter((one) => one.startsWith(prefix)).sort()[0]
  if (key === undefined) throw new DemoFailedError(`the store contains no key that starts with ${prefix}`)
  return key
}
