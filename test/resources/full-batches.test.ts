import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import * as z from 'zod'
import { ResourceWriter } from '../../shared/resources/aws/resource-writer.ts'
import { dynamoDB } from '../../shared/runtime/clients.ts'

const Batch = z.object({ RequestItems: z.record(z.string(), z.array(z.unknown())) })

it('a writer fills its batches while other batches are being sent', async () => {
  const client = dynamoDB({ region: 'eu-west-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } })
  const sizes: number[] = []
  client.middlewareStack.add(
    () =>
      async ({ input }) => {
        sizes.push(Object.values(Batch.parse(input).RequestItems).flat().length)
        await sleep(2)
        return { output: { $metadata: {} }, response: {} }
      },
    { step: 'initialize', priority: 'high' },
  )
  const writer = new ResourceWriter(client, 't')
  // Each of 64 resources has one item that is written after another one, as the metadata after the revisions.
  const write = async (resource: number): Promise<void> => {
    for (let k = 0; k < 20; k++) await writer.put({ pk: { S: 'p' }, sk: { S: `${resource}#${k}` } })
  }
  await Promise.all(Array.from({ length: 64 }, (_, resource) => write(resource)))
  const items = sizes.reduce((sum, size) => sum + size, 0)
  expect(items).toBe(64 * 20)
  expect(items / sizes.length).toBeGreaterThan(23)
})
