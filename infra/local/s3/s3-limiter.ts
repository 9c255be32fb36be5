import { setTimeout as sleep } from 'node:timers/promises'
import { Buckets, type NamedUsage } from '../limits/buckets.ts'
import type { S3Limits } from '../limits/service-limits.ts'
import type { S3Request } from './http/request.ts'
import { S3Error } from './http/s3-error.ts'

/**
 * Enforces the request rates of S3. On AWS, a prefix is any part of the key range that S3 has split off. Here, it is a
 * bucket and the key up to the first slash. Requests without a key, such as lists, count for their parameter `prefix`.
 */
export class S3Limiter {
  readonly limits: S3Limits
  readonly #buckets: Buckets

  /** `now` returns the time in seconds. */
  constructor(limits: S3Limits, now: () => number = () => performance.now() / 1000) {
    this.limits = limits
    this.#buckets = new Buckets(now)
  }

  usage(): NamedUsage[] {
    return this.#buckets.usage()
  }

  restartUsage(): void {
    this.#buckets.restartUsage()
  }

  /** Waits for the latency. Throws 503 if the prefix has reached its request rate. */
  async admit({ method, bucket, key, query }: S3Request): Promise<void> {
    const { writesPerSecond, readsPerSecond, latencyMs } = this.limits
    const isRead = method === 'GET' || method === 'HEAD'
    const [prefix = ''] = (key === '' ? (query.get('prefix') ?? '') : key).split('/')
    const requests = this.#buckets.get(`${isRead ? 'reads' : 'writes'} ${bucket}/${prefix}`, {
      unitsPerSecond: isRead ? readsPerSecond : writesPerSecond,
      creditSeconds: 1,
    })
    const refusing = this.#buckets.take([requests], 1)
    await sleep(latencyMs)
    if (refusing !== undefined) throw new S3Error('SlowDown', 'Please reduce your request rate.')
  }
}
