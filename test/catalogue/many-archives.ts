import { BatchWriteItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import pMap from 'p-map'
import { ArchiveCatalogue } from '../../shared/catalogue/aws/archive-catalogue.ts'
import { entryOf } from '../../shared/catalogue/aws/archive-lists.ts'
import type { CataloguedArchive } from '../../shared/catalogue/catalogued-archive.ts'
import { JobTable } from '../../shared/jobs/aws/job-table.ts'
import { type Item, keyAttributes } from '../../shared/tables/item.ts'
import { must } from '../../shared/values/must.ts'
import { sampleArchive } from './sample-archive.ts'

const BATCH = 24
const WRITTEN_AT_ONCE = 8

/**
 * Adds `count` archives to the catalogue, evenly over two years, and returns the newest one. The oldest one is the only
 * one of the schedule `rare`, and the only one that is not complete. One archive of each month is written by the
 * product; the others are copies of its items, because 20,000 archives would otherwise need 100,000 calls.
 */
export const writeManyArchives = async (
  client: DynamoDBClient,
  table: string,
  count: number,
): Promise<CataloguedArchive> => {
  const [catalogue, items] = [new ArchiveCatalogue(client, table), new JobTable(client, table)]
  const [first, last] = [Date.parse('2024-01-01T00:00:00.000Z'), Date.parse('2025-12-31T00:00:00.000Z')]
  const archives = Array.from({ length: count }, (_, k) =>
    sampleArchive(
      new Date(first + Math.floor((k * (last - first)) / (count - 1))).toISOString(),
      k === 0 ? { schedule: 'rare', complete: false } : { schedule: 'nightly' },
    ),
  )
  const written = new Map<string, Item>()
  const copies: Item[] = []
  for (const [k, archive] of archives.entries()) {
    const { month, sk } = entryOf(archive)
    const [entryKey, recordKey] = [
      keyAttributes({ pk: `archives#${month}`, sk }),
      keyAttributes({ pk: `archive#${archive.key}`, sk: 'archive' }),
    ]
    const template = written.get(month)
    if (k === 0 || template === undefined) {
      await catalogue.put(archive)
      const [entry, record] = [must(await items.get(entryKey)), must(await items.get(recordKey))]
      if (k > 0) written.set(month, entry)
      if (k > 0) written.set('record', record)
      continue
    }
    copies.push({ ...template, ...entryKey, key: { S: archive.key } })
    copies.push({ ...must(written.get('record')), ...recordKey, record: { S: JSON.stringify(archive) } })
  }
  const batches = Array.from({ length: Math.ceil(copies.length / BATCH) }, (_, k) =>
    copies.slice(BATCH * k, BATCH * (k + 1)),
  )
  await pMap(
    batches,
    (batch) =>
      client.send(
        new BatchWriteItemCommand({ RequestItems: { [table]: batch.map((item) => ({ PutRequest: { Item: item } })) } }),
      ),
    { concurrency: WRITTEN_AT_ONCE },
  )
  return must(archives.at(-1))
}
