import { HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { must } from '../../shared/values/must.ts'
import type { Item } from '../../shared/tables/item.ts'
import { loadModels } from '../../shared/resources/models.ts'
import { contentHashes } from '../../shared/specstar/content-hashes.ts'
import { type StoreContents, stableContents } from '../contents.ts'
import { WorkflowRunner } from './workflow-runner.ts'

const Head = z.strictObject({
  ContentLength: z.int(),
  ContentType: z.string(),
  ETag: z.string(),
  ChecksumSHA256: z.string(),
  Metadata: z.record(z.string(), z.string()),
})

/** An object in the document: its key, its content, and the response to a HEAD request. */
interface DocumentedObject {
  readonly key: string
  readonly content: string
  readonly head: z.output<typeof Head>
}

/** One chapter of `STORE.md`, without its heading. */
const readChapter = async (heading: string): Promise<string> => {
  const text = await readFile(new URL('../../shared/resources/STORE.md', import.meta.url), 'utf8')
  return must(must(text.split(`\n## ${heading}\n`)[1]).split('\n## ')[0])
}

const jsonIn = (section: string): unknown => JSON.parse(must(/```json\n(.*?)\n```/s.exec(section)?.[1]))

/** The examples of the chapter "A whole resource", by their headings. */
const readExamples = async (): Promise<{
  readonly items: ReadonlyMap<string, Item>
  readonly objects: readonly DocumentedObject[]
}> => {
  const chapter = await readChapter('A whole resource')
  const items = new Map<string, Item>()
  const objects: DocumentedObject[] = []
  for (const section of chapter.split('\n### ').slice(1)) {
    const [heading] = section.split('\n')
    const json = jsonIn(section)
    const content = /```text\n(.*?)\n```/s.exec(section)?.[1]
    if (content === undefined) items.set(must(heading), json as Item)
    else objects.push({ key: must(/^The object `(.+?)`/m.exec(section)?.[1]), content, head: Head.parse(json) })
  }
  return { items, objects }
}

describe('the resource in STORE.md', () => {
  let runner: WorkflowRunner
  let examples: Awaited<ReturnType<typeof readExamples>>
  let written: StoreContents

  /** Expects that each object is stored, and that HEAD returns what the document says. */
  const expectObjects = async (): Promise<void> => {
    const { s3, config } = runner.clients
    for (const { key: Key, head } of examples.objects) {
      const request = { Bucket: config.buckets.blobs, Key, ChecksumMode: 'ENABLED' } as const
      expect(await s3.send(new HeadObjectCommand(request)), Key).toMatchObject(head)
    }
  }

  beforeAll(async () => {
    runner = await WorkflowRunner.start()
    examples = await readExamples()
    const { items, objects } = examples
    expect([...items.keys()]).toEqual([
      'Metadata',
      'Revision with its payload in the item',
      'Revision with a spilled payload',
    ])
    expect(objects.map(({ key }) => key.replace(/\/.*/, ''))).toEqual(['payloads', 'blobs'])
    const { s3, config } = runner.clients
    const Bucket = config.buckets.blobs
    for (const { key: Key, content, head } of objects) {
      const { ContentType, Metadata, ChecksumSHA256 } = head
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: content, ContentType, Metadata, ChecksumSHA256 }))
    }
    await expectObjects()
    await runner.putItems(...items.values())
    written = await runner.contents()
  })

  afterAll(() => runner.stop())

  it('has the hashes of SpecStar', async () => {
    const hashes = await contentHashes()
    const xxh3 = (text: string): string => hashes.xxh3(Buffer.from(text))
    const payloads = new Map(examples.objects.map(({ key, content }) => [key, content]))
    const revisions = [...examples.items.values()].filter(({ uid }) => uid !== undefined)
    expect(revisions).toHaveLength(2)
    for (const { data, data_sha256, data_hash } of revisions) {
      const payload = data?.S ?? must(payloads.get(`payloads/${data_sha256?.S ?? ''}`))
      expect(data_hash).toEqual({ S: `xxh3_128:${xxh3(payload)}` })
    }
    const blob = must(examples.objects.find(({ key }) => key.startsWith('blobs/')))
    expect(blob.key).toBe(`blobs/${xxh3(blob.content)}`)
  })

  it('is exported completely', async () => {
    const { job } = await runner.export(['memo'])
    expect(job.result).toMatchObject({
      models: { memo: { resources: 1, revisions: 2, blobs: 1 } },
      complete: true,
      missing_blobs: { count: 0 },
    })
  })

  it('is restored unchanged into an empty store, with every check passed', async () => {
    const { archive } = await runner.export(['memo'])
    await runner.wipe()
    const { job_id, status, result } = await runner.restore(archive, { on_duplicate: 'raise_error' })
    expect({ job_id, status, result }).toMatchObject({
      status: 'succeeded',
      result: {
        models: { memo: { loaded: 1, skipped: 0, total: 1 } },
        verification: {
          passed: true,
          checks: {
            counts: { passed: true, checked: 3, findings: [] },
            content: { passed: true, checked: 1, findings: [] },
            references: { passed: true, checked: 0, findings: [] },
            blobs: { passed: true, checked: 1, findings: [] },
            revisions: { passed: true, checked: 2, findings: [] },
            search: { passed: true, checked: 1, findings: [] },
          },
        },
      },
    })
    await expectObjects()
    const restored = await runner.contents()
    expect(stableContents(restored)).toEqual(stableContents(written))
    for (const [key, item] of restored.items) {
      expect(item['applied_by'], key).toEqual({ S: job_id })
      for (const name of ['created_at', 'updated_at']) expect(item[name], key).toEqual(written.items.get(key)?.[name])
    }
  })
})

describe('the model registry in STORE.md', () => {
  it('is accepted', async () => {
    const registry = loadModels(jsonIn(await readChapter('The model registry')))
    expect(registry.names).toEqual(['character', 'guild'])
  })
})
