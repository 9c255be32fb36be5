import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ObjectStore } from '../../shared/objects/aws/object-store.ts'
import { Composer } from '../../shared/objects/composer.ts'
import { withCallBudget } from '../../shared/throttling/call-context.ts'
import { ThrottledError } from '../../shared/throttling/throttled-error.ts'
import { type FaultPlan, injectFaults } from '../faults/fault-middleware.ts'
import type { TestServers } from '../services.ts'

const MIB = 1024 * 1024

/** The behaviour that a composer must have on every server. */
export const composerContract = (start: () => Promise<TestServers>): void => {
  describe('a composer', () => {
    let servers: TestServers
    let store: ObjectStore
    let bucket: string
    const faultyStore = (plan: FaultPlan): ObjectStore => {
      const client = servers.newS3()
      injectFaults(client, plan)
      return new ObjectStore(client)
    }

    beforeAll(async () => {
      servers = await start()
      store = new ObjectStore(servers.s3)
      bucket = servers.config.buckets.work
    })
    afterAll(async () => {
      await servers.stop()
    })

    it.each([
      ['no bytes', [], 0],
      ['few bytes', [10, 20], 0],
      ['several parts', [3 * MIB, 20 * MIB, 7], 0],
      ['a large object after bytes', [100, MIB], 17 * MIB],
    ])('writes an object of %s', async (name, sizes, objectSize) => {
      const composer = new Composer(store, bucket, `composed/${name.replaceAll(' ', '-')}`)
      const expected: Buffer[] = []
      for (const size of sizes) {
        const bytes = randomBytes(size)
        expected.push(bytes)
        for (let at = 0; at < size; at += 700_000) await composer.bytes(bytes.subarray(at, at + 700_000))
      }
      if (objectSize > 0) {
        const bytes = randomBytes(objectSize + 5)
        const object = await store.put(bucket, 'composed/source', bytes)
        await composer.object({ object, start: 5, length: objectSize })
        await composer.object({ object, start: 0, length: 9 })
        expected.push(bytes.subarray(5), bytes.subarray(0, 9))
      }
      const made = await composer.finish()
      const all = Buffer.concat(expected)
      expect(made.size).toBe(all.length)
      const read = await store.readBytes(made, 0, made.size)
      expect(createHash('sha256').update(read).digest('hex')).toBe(createHash('sha256').update(all).digest('hex'))
      await composer.abort()
      expect(await store.head(bucket, made.key)).toBeDefined()
    })

    it('writes an object of small objects that become parts only at the end', async () => {
      const composer = new Composer(store, bucket, 'composed/small-objects')
      const expected = [randomBytes(7 * MIB), randomBytes(7 * MIB)]
      for (const [k, bytes] of expected.entries()) {
        const object = await store.put(bucket, `composed/small-${k}`, bytes)
        await composer.object({ object, start: 0, length: object.size })
      }
      await composer.bytes(Buffer.from('tail'))
      const made = await composer.finish()
      const all = Buffer.concat([...expected, Buffer.from('tail')])
      expect(made.size).toBe(all.length)
      expect((await store.readBytes(made, 0, made.size)).equals(all)).toBe(true)
    })

    it.each(['UploadPartCommand', 'CreateMultipartUploadCommand'])(
      'sends its parts again if a %s was throttled until the end of its budget',
      async (throttledCommand) => {
        let calls = 0
        const throttled = faultyStore((_n, command) =>
          command === throttledCommand && calls++ === 0 ? { kind: 'throttle', attempts: Infinity } : undefined,
        )
        const composer = new Composer(throttled, bucket, `composed/throttled-${throttledCommand}`)
        const bytes = randomBytes(40 * MIB)
        await withCallBudget({ ms: 50 }, async () => {
          for (let at = 0; at < bytes.length; at += 5 * MIB) await composer.bytes(bytes.subarray(at, at + 5 * MIB))
        })
        const made = await composer.finish()
        expect((await store.readBytes(made, 0, made.size)).equals(bytes)).toBe(true)
      },
    )

    it('can be finished again if the completion was throttled', async () => {
      for (const [size, command] of [
        [1, 'PutObjectCommand'],
        [20 * MIB, 'CompleteMultipartUploadCommand'],
      ] as const) {
        let calls = 0
        const throttled = faultyStore((_n, called) =>
          called === command && calls++ === 0 ? { kind: 'throttle', attempts: Infinity } : undefined,
        )
        const composer = new Composer(throttled, bucket, `composed/${command}`)
        const bytes = randomBytes(size)
        await composer.bytes(bytes)
        await expect(withCallBudget({ ms: 50 }, () => composer.finish())).rejects.toThrow(ThrottledError)
        const made = await composer.finish()
        expect((await store.readBytes(made, 0, made.size)).equals(bytes)).toBe(true)
      }
    })

    it.each([0, 1, 9 * MIB, 30 * MIB])('removes what was appended after a mark at byte %i', async (kept) => {
      const composer = new Composer(store, bucket, `composed/marked-${kept}`)
      const bytes = randomBytes(kept)
      for (let at = 0; at < kept; at += MIB) await composer.bytes(bytes.subarray(at, at + MIB))
      const reset = composer.mark()
      for (let k = 0; k < 20; k++) await composer.bytes(randomBytes(MIB))
      await reset()
      await composer.bytes(Buffer.from('end'))
      const made = await composer.finish()
      const expected = Buffer.concat([bytes, Buffer.from('end')])
      expect((await store.readBytes(made, 0, made.size)).equals(expected)).toBe(true)
    })

    it('throws the error of a part, and writes no object', async () => {
      const faulty = faultyStore((_n, command) =>
        command === 'UploadPartCommand' ? { kind: 'fail-before' } : undefined,
      )
      const composer = new Composer(faulty, bucket, 'composed/broken')
      const write = async (): Promise<unknown> => {
        for (let k = 0; k < 8; k++) await composer.bytes(Buffer.alloc(5 * MIB))
        return composer.finish()
      }
      await expect(write()).rejects.toThrow('injected')
      await composer.abort()
      expect(await store.head(bucket, 'composed/broken')).toBeUndefined()
    })
  })
}
