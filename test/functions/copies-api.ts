import { CreateBucketCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { randomBytes, randomUUID } from 'node:crypto'
import { handler } from '../../functions/events/copy-archives.ts'
import { localContext } from '../../infra/local/program/local-context.ts'
import type { Limits } from '../../shared/jobs/limits.ts'
import type { ObjectStore } from '../../shared/objects/aws/object-store.ts'
import type { PinnedObject } from '../../shared/objects/object.ts'
import type { ArchiveCopy } from '../../shared/schedules/archive-copy.ts'
import { writeArchive } from '../archive/sample.ts'
import { fixture } from '../workflows/program.ts'
import { startTestApi, type TestApi } from './test-api.ts'

export const DAY_MS = 86_400_000
export const HOUR_MS = 3_600_000
export const MIB = 1024 * 1024
/** The bucket of the copies. */
export const TARGET = 'copies-of-archives'
/** The function reads and writes this archive of 14 KiB itself. */
export const ARCHIVE = await fixture('single-v3.acbak')
/** S3 copies an archive of more than 16 MiB. */
export const LARGE = await writeArchive({ models: {}, blobs: { large: randomBytes(20 * MIB) } })

const SCHEDULES = JSON.stringify([
  { name: 'nightly', cron: '0 3 * * ? *', keep_days: 30 },
  { name: 'weekly', rate: '7 days', keep_days: 60 },
])

/** All routes, with two schedules whose archives are copied to `TARGET`. */
export class CopiesApi {
  readonly #api: TestApi

  private constructor(api: TestApi) {
    this.#api = api
  }

  static async start(): Promise<CopiesApi> {
    const COPY_ARCHIVES_TO = JSON.stringify({ bucket: TARGET, account: '000000000000' })
    const api = await startTestApi({ SCHEDULES, COPY_ARCHIVES_TO })
    await api.s3.send(new CreateBucketCommand({ Bucket: TARGET }))
    return new CopiesApi(api)
  }

  get services(): TestApi['services'] {
    return this.#api.services
  }
  get s3(): TestApi['s3'] {
    return this.#api.s3
  }
  get gateway(): TestApi['gateway'] {
    return this.#api.gateway
  }

  stop(): Promise<void> {
    return this.#api.stop()
  }

  /** Deletes all archives, copies and states of copies. */
  async reset(): Promise<void> {
    const { archiveCopies, objects, config } = this.services
    for (const { name } of config.schedules)
      for (const state of await archiveCopies.list(name)) await archiveCopies.delete(name, state)
    for (const bucket of [config.buckets.archives, TARGET])
      await objects.delete(
        bucket,
        (await Array.fromAsync(objects.list(bucket))).map(({ key }) => key),
      )
  }

  /** Stores an archive. */
  put(key: string, body = ARCHIVE): Promise<PinnedObject> {
    return this.services.objects.put(this.services.config.buckets.archives, key, body)
  }

  /** Runs the function that copies archives. */
  copy(): ReturnType<typeof handler> {
    return handler({}, localContext('copy-archives', randomUUID(), 60_000))
  }

  /** Returns the stored state of the copy of an archive. */
  stateOf(key: string): Promise<ArchiveCopy | undefined> {
    return this.services.archiveCopies.get(key.split('/')[1] ?? '', key)
  }

  /** Returns the ids of the unfinished multipart uploads of copies. */
  async openUploads(): Promise<string[]> {
    const { Uploads = [] } = await this.s3.send(new ListMultipartUploadsCommand({ Bucket: TARGET }))
    return Uploads.map(({ UploadId = '' }) => UploadId)
  }

  /** Changes limits while `work` runs. */
  withLimits<T>(limits: Partial<Limits>, work: () => Promise<T>): Promise<T> {
    return replacing(this.services, { limits: { ...this.services.limits, ...limits } }, work)
  }

  /** Replaces methods of the store of the copies while `work` runs. */
  withCopies<T>(methods: Partial<ObjectStore>, work: () => Promise<T>): Promise<T> {
    const copies = Object.assign(Object.create(this.services.copies) as ObjectStore, methods)
    return replacing(this.services, { copies }, work)
  }

  /** Changes the setting `copy_archives_to` while `work` runs. */
  withTarget<T>(copy_archives_to: { readonly bucket: string } | undefined, work: () => Promise<T>): Promise<T> {
    return replacing(this.services.config, { copy_archives_to }, work)
  }

  /** Moves the clock forward while `work` runs. */
  later<T>(ahead: number, work: () => Promise<T>): Promise<T> {
    return replacing(this.#api.clock, { ahead }, work)
  }
}

/** Replaces members of an object while `work` runs. */
const replacing = async <T>(object: object, members: object, work: () => Promise<T>): Promise<T> => {
  const before = { ...object }
  Object.assign(object, members)
  try {
    return await work()
  } finally {
    Object.assign(object, before)
  }
}

/** The key of an archive of a schedule that was due some days ago. */
export const keyOf = (schedule: string, daysAgo: number): string => {
  const at = new Date(Date.now() - daysAgo * DAY_MS).toISOString()
  const [day, time] = [at.slice(0, 10), at.slice(0, 19).replaceAll(/[-:]/g, '')]
  return `scheduled/${schedule}/${day.replaceAll('-', '/')}/s-${schedule}-${time}Z.acbak`
}

/** The key of the copy of an archive. */
export const copyOf = (key: string): string => `local/us-east-1/${key}`
