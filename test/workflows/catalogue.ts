import { setTimeout as sleep } from 'node:timers/promises'
import { DeleteObjectCommand, NoSuchKey, paginateListObjectsV2 } from '@aws-sdk/client-s3'
import * as z from 'zod'
import type { Limits } from '../../shared/jobs/limits.ts'
import type { Item } from '../../shared/tables/item.ts'
import type { ModelRegistry } from '../../shared/resources/models.ts'
import type { StoreContents } from '../contents.ts'
import { type Answer, fixture, TestProgram } from './program.ts'
import { writeToStore, type StoreData } from './sample-store.ts'

/** The number of resources in `catalogue-v3.acbak` by model. */
export const COUNTS = { character: 47, guild: 12, item: 63 } as const
export type CatalogueModel = keyof typeof COUNTS

const KEY = 'catalogue-v3.acbak'
const Exported = z.object({ archive: z.object({ bucket: z.string(), key: z.string() }) })
const JobStatus = z.object({ status: z.string() })

/** The members that tests read of a report. The report is next to an upload. */
export const UploadReport = z.looseObject({
  job_id: z.string().optional(),
  status: z.string(),
  passed: z.boolean().optional(),
  archive: z.looseObject({ etag: z.string(), version_id: z.string() }),
})
export type UploadReport = z.output<typeof UploadReport>

/** A running program whose store contains the catalogue, with an archive of it in the archive bucket. */
export class Catalogue extends TestProgram {
  /** The archive, as the value of the parameter `from`. */
  readonly archive = { bucket: this.program.services.config.buckets.archives, key: KEY }

  /** `scope` is the model to load, or `_backup` for all models. */
  static async open({
    scope = '_backup',
    ...options
  }: { scope?: string; limits?: Partial<Limits>; env?: Record<string, string> } = {}): Promise<{
    test: Catalogue
    before: StoreContents
  }> {
    const { program, dir } = await TestProgram.start(options)
    const test = new Catalogue(program, dir)
    await test.putObject(KEY, await fixture(KEY), test.archive.bucket)
    const loaded = await test.restore(scope, 'on_duplicate=raise_error')
    if (loaded.status !== 200) throw new Error(`loading the catalogue failed: ${JSON.stringify(loaded.body)}`)
    return { test, before: await test.contents() }
  }

  /** A program whose store contains other resources, with an export of them as the archive. */
  static async holdingData(
    sample: (registry: ModelRegistry) => StoreData,
  ): Promise<{ test: Catalogue; before: StoreContents }> {
    const { program, dir } = await TestProgram.start()
    const test = new Catalogue(program, dir)
    const { config, models } = program.services
    await writeToStore({ dynamo: test.dynamo, s3: test.s3, config }, sample(models))
    const { archive } = Exported.parse((await test.requestAndWait('GET', '/_backup/export?wait=25')).body)
    await test.putObject(KEY, await test.object(archive.key, archive.bucket), test.archive.bucket)
    return { test, before: await test.contents() }
  }

  /** Restores the archive and waits for the end of the job. `scope` is a model or `_backup`. */
  restore(scope: string, query = ''): Promise<Answer> {
    return this.requestAndWait('POST', `/${scope}/import?wait=25&${query}`, { from: this.archive })
  }

  async removeObject(key: string, bucket = this.program.services.config.buckets.blobs): Promise<void> {
    await this.s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }))
  }

  /** Changes the store back to these contents. */
  async reset({ items, objects }: StoreContents): Promise<void> {
    const now = await this.contents()
    await this.removeItems([...now.items].flatMap(([key, item]) => (items.has(key) ? [] : [item])))
    await this.putItems(
      [...items].flatMap(([key, item]) => (JSON.stringify(now.items.get(key)) === JSON.stringify(item) ? [] : [item])),
    )
    for (const key of now.objects.keys()) if (!objects.has(key)) await this.removeObject(key)
    for (const [key, bytes] of objects)
      if (now.objects.get(key) !== bytes) await this.putObject(key, Buffer.from(bytes, 'base64'))
  }

  /** Keys and ETags of the archives, reports and uploads. */
  async keptObjects(): Promise<string[]> {
    const { archives, restores } = this.program.services.config.buckets
    const found: string[] = []
    for (const Bucket of [archives, restores])
      for await (const { Contents = [] } of paginateListObjectsV2({ client: this.s3 }, { Bucket }))
        for (const { Key = '', ETag = '' } of Contents) found.push(`${Bucket} ${Key} ${ETag}`)
    return found
  }

  /** Waits for an object. */
  async waitForObject(key: string, bucket: string): Promise<Buffer> {
    for (;;) {
      try {
        return await this.object(key, bucket)
      } catch (error) {
        if (!(error instanceof NoSuchKey)) throw error
        await sleep(50)
      }
    }
  }

  /** Waits until the restore of an upload has ended, and returns the report next to the upload. */
  async waitForReport(key: string): Promise<UploadReport> {
    for (;;) {
      const bytes = await this.waitForObject(`${key}.report.json`, this.program.services.config.buckets.restores)
      const report = UploadReport.parse(JSON.parse(bytes.toString()))
      if (!['queued', 'running'].includes(report.status)) return report
      await sleep(50)
    }
  }

  /** Waits for the end of a job. */
  async waitForEnd(jobId: string): Promise<unknown> {
    for (;;) {
      const { body } = await this.request('GET', `/_backup/jobs/${jobId}`)
      if (!['awaiting_upload', 'queued', 'running'].includes(JobStatus.parse(body).status)) return body
      await sleep(50)
    }
  }
}

/** The items of one resource: its metadata, and its revisions in the order of their keys. */
export const findResource = (
  { items }: StoreContents,
  model: string,
  id: string,
): { readonly metadata: Item; readonly revisions: readonly Item[] } => {
  const own = [...items.values()].filter((item) => item['resource_id']?.S === id)
  const of = (kind: string): Item[] => own.filter((item) => item['pk']?.S?.startsWith(`${model}#${kind}#`) === true)
  const [metadata] = of('m')
  if (metadata === undefined) throw new Error(`resource ${id} of model ${model} does not exist`)
  return { metadata, revisions: of('r').sort((a, b) => ((a['sk']?.S ?? '') < (b['sk']?.S ?? '') ? -1 : 1)) }
}

/** The ids of a model's resources with at least `minRevisions` revisions, in the order of their id hashes. */
export const resourceIds = (contents: StoreContents, model: string, minRevisions = 1): string[] =>
  [...contents.items.values()]
    .filter((item) => item['pk']?.S?.startsWith(`${model}#m#`) === true)
    .sort((a, b) => ((a['sk']?.S ?? '') < (b['sk']?.S ?? '') ? -1 : 1))
    .map((item) => item['resource_id']?.S ?? '')
    .filter((id) => findResource(contents, model, id).revisions.length >= minRevisions)

/** The n-th element of a list. Throws if there is none. */
export const nth = <T>(list: readonly T[], n: number): T => {
  const found = list.at(n)
  if (found === undefined) throw new Error(`the list has ${list.length} elements, but element ${n} was requested`)
  return found
}
