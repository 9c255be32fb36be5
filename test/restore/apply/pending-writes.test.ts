import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { itemBytes } from '../../../shared/resources/item-size.ts'
import { ResourceWriter } from '../../../shared/resources/aws/resource-writer.ts'
import { EndingResources } from '../../../shared/restore/apply/ending-resources.ts'
import { StartedWrites } from '../../../shared/restore/apply/resource-applier.ts'
import type { Item } from '../../../shared/tables/item.ts'

const MIB = 1024 * 1024

const item = (pk: string, sk: number, bytes: number): Item => ({
  pk: { S: pk },
  sk: { S: sk.toString() },
  data: { S: 'x'.repeat(bytes) },
})

/** Returns the bytes of all items that are accepted before the caller must wait for DynamoDB, which never answers. */
const pendingBytes = async (revisions: number, revisionBytes: number, metadataBytes: number): Promise<number> => {
  const client = { send: () => new Promise(() => undefined) } as unknown as DynamoDBClient
  const writer = new ResourceWriter(client, 'resources')
  const ending = new EndingResources()
  let pending = 0
  const write = async (): Promise<void> => {
    for (let k = 0; ; k++) {
      const writes = new StartedWrites()
      for (let n = 0; n < revisions; n++) {
        await writer.room()
        const revision = item(`r${k}`, n, revisionBytes)
        pending += itemBytes(revision)
        await writes.add(writer.put(revision))
      }
      const metadata = item(`m${k}`, 0, metadataBytes)
      pending += itemBytes(metadata)
      const end = async (): Promise<boolean> => {
        await writes.settle()
        await writer.put(metadata)
        return true
      }
      await ending.add({ id: k.toString(), bytes: itemBytes(metadata), addRevision: () => Promise.resolve(), end }, 0)
    }
  }
  void write()
  for (let turn = 0; turn < 2_000; turn++) await nextTurn()
  return pending
}

describe('the writes of a restore that wait for DynamoDB', () => {
  it.each([
    ['large histories', 40, 300_000, 1_000],
    ['large revisions', 1, 390_000, 1_000],
    ['large metadata', 1, 1_000, 390_000],
    ['small resources', 1, 1_000, 1_000],
  ])('have at most 10 MiB: %s', async (_, revisions, revisionBytes, metadataBytes) => {
    const pending = await pendingBytes(revisions, revisionBytes, metadataBytes)
    expect(pending).toBeGreaterThan(0.3 * MIB)
    expect(pending).toBeLessThan(10 * MIB)
  })
})
