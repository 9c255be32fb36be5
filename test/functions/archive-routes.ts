import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, expect, vi } from 'vitest'
import { ArchiveListView } from '../../functions/http/archive-view.ts'
import type { CataloguedArchive } from '../../shared/catalogue/catalogued-archive.ts'
import { must } from '../../shared/values/must.ts'
import { sampleArchive } from '../catalogue/sample-archive.ts'
import { startTestApi, type TestApi } from './test-api.ts'

/** The routes of archives, with an empty catalogue at the start of each test. */
export class ArchiveRoutes {
  #api: TestApi | undefined

  get api(): TestApi {
    return must(this.#api)
  }

  async start(): Promise<void> {
    this.#api = await startTestApi()
  }

  async empty(): Promise<void> {
    const { catalogue, objects, config } = this.api.services
    const listed = await Array.fromAsync(catalogue.entries())
    await catalogue.removeKeys(listed.map(({ key }) => key))
    await objects.delete(
      config.buckets.archives,
      listed.map(({ key }) => key),
    )
    for (const { job_id } of await catalogue.announced()) await catalogue.withdraw(job_id)
  }

  /** Writes the object of an archive, and adds it to the catalogue. */
  async add(created: string, more: Partial<CataloguedArchive> = {}): Promise<CataloguedArchive> {
    const { objects, catalogue, config } = this.api.services
    const archive = sampleArchive(created, more)
    const archived = { ...archive, ...(await objects.put(config.buckets.archives, archive.key, Buffer.from('x'))) }
    await catalogue.put(archived)
    return archived
  }

  deleteObject({ bucket, key }: CataloguedArchive): Promise<unknown> {
    return this.api.s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }))
  }

  async get(path: string): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`${this.api.gateway.url}/_backup/archives${path}`)
    return { status: response.status, body: await response.json() }
  }

  async list(query = ''): Promise<ArchiveListView> {
    const { status, body } = await this.get(query)
    expect({ status, body }).toMatchObject({ status: 200 })
    return ArchiveListView.parse(body)
  }

  /** Returns the keys of the archives on the first page. */
  async keys(query = ''): Promise<string[]> {
    return (await this.list(query)).archives.map(({ key }) => key)
  }
}

/** Starts the routes for all tests of a file. Call this function at the top level of the file. */
export const startArchiveRoutes = (): ArchiveRoutes => {
  const routes = new ArchiveRoutes()
  beforeAll(() => routes.start())
  beforeEach(async () => {
    vi.restoreAllMocks()
    await routes.empty()
  })
  afterAll(() => routes.api.stop())
  return routes
}
