import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ResourceStore } from '../../shared/resources/aws/resource-store.ts'
import { metadataKey } from '../../shared/resources/keys.ts'
import { loadModels } from '../../shared/resources/models.ts'
import { type FaultPlan, injectFaults } from '../faults/fault-middleware.ts'
import type { TestServers } from '../services.ts'
import { madeResource } from './made-resources.ts'

const MODELS = loadModels({ written: { shards: 2 } })

/** The behaviour that a writer of a resource store must have on every server. */
export const resourceWriterContract = (start: () => Promise<TestServers>): void => {
  describe('a resource writer', () => {
    let servers: TestServers
    let store: ResourceStore
    const storeOn = (plan?: FaultPlan): ResourceStore => {
      const client = servers.newDynamo()
      if (plan !== undefined) injectFaults(client, plan)
      return new ResourceStore(client, servers.config.tables.resources, MODELS)
    }

    beforeAll(async () => {
      servers = await start()
      store = storeOn()
    })
    afterAll(async () => {
      await servers.stop()
    })

    it('repeats throttled requests and unprocessed items until all are written', async () => {
      const faulty = storeOn((n, command) => {
        if (command !== 'BatchWriteItemCommand') return undefined
        return n % 3 === 0 ? { kind: 'throttle' } : n < 30 ? { kind: 'unprocessed', items: 20 } : undefined
      })
      const writer = faulty.writer({ delay: () => Promise.resolve() })
      const made = Array.from({ length: 60 }, (_, k) => madeResource('written', 2, { id: `w-${k}` }))
      await Promise.all(made.flatMap(({ metadata, revisions }) => [metadata, ...revisions].map((i) => writer.put(i))))
      expect(await Array.fromAsync(store.resources('written'))).toHaveLength(60)
    })

    it('keeps the order of writes to one key', async () => {
      const writer = store.writer()
      const versions = Array.from({ length: 9 }, (_, k) =>
        madeResource('written', 2, { id: 'again', meta: { updated_by: `user-${k}` } }),
      )
      const puts = versions.map(({ metadata }) => writer.put(metadata))
      await Promise.all(puts)
      expect((await store.getMetadata('written', 'again'))?.['updated_by']?.S).toBe('user-8')
      await writer.remove(metadataKey('written', 'again', 2))
      expect(await store.getMetadata('written', 'again')).toBeUndefined()
    })

    it('writes an item only if it is absent, and removes it only if the same job wrote it', async () => {
      const writer = store.writer()
      const key = metadataKey('written', 'cond', 2)
      const first = madeResource('written', 2, { id: 'cond', job_id: 'job-a' }).metadata
      const second = madeResource('written', 2, { id: 'cond', job_id: 'job-b' }).metadata
      expect(await writer.putIfAbsent(first)).toBe('written')
      expect(await writer.putIfAbsent(second)).toBe('exists')
      expect(await store.appliedBy(key)).toBe('job-a')
      expect(await writer.removeIfAppliedBy(key, 'job-b')).toBe(false)
      expect(await writer.removeIfAppliedBy(key, 'job-a')).toBe(true)
      expect(await store.appliedBy(key)).toBeUndefined()
    })

    it('writes nothing if the guard throws', async () => {
      const writer = store.writer({ guard: () => Promise.reject(new Error('no lease')) })
      const { metadata } = madeResource('written', 2, { id: 'guarded' })
      await expect(writer.put(metadata)).rejects.toThrow('no lease')
      await expect(writer.putIfAbsent(metadata)).rejects.toThrow('no lease')
      await writer.drain()
      expect(await store.getMetadata('written', 'guarded')).toBeUndefined()
    })
  })
}
