import * as z from 'zod'

const Usages = z.object({
  buckets: z.array(
    z.object({
      name: z.string(),
      unitsPerSecond: z.number(),
      used: z.number(),
      refused: z.number(),
      throttled: z.object({ seconds: z.number(), offered: z.number(), used: z.number() }),
    }),
  ),
})
export type BucketUsage = z.output<typeof Usages>['buckets'][number]

/** Reads and replaces the limits of a running local service. */
export interface LimitsClient {
  /** Replaces the limits, and begins with new buckets. `null` removes the limits. */
  set(limits: object | null): Promise<void>
  usage(): Promise<BucketUsage[]>
  /** Returns the usage and begins a new measurement. */
  restart(): Promise<BucketUsage[]>
}

export const limitsClient = (endpoint: string): LimitsClient => {
  const call = async (method: string, body?: string): Promise<BucketUsage[]> => {
    const response = await fetch(`${endpoint}/-/limits`, { method, ...(body === undefined ? {} : { body }) })
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
    return Usages.parse(await response.json()).buckets
  }
  return {
    set: async (limits) => {
      await call('PUT', JSON.stringify(limits))
    },
    usage: () => call('GET'),
    restart: () => call('POST'),
  }
}
