import * as z from 'zod'
import { Buckets, type NamedUsage } from '../limits/buckets.ts'
import type { DynamoDbLimits } from '../limits/service-limits.ts'
import type { TokenBucket } from '../limits/token-bucket.ts'
import { type Access, type LimitedRequest, limitedRequest } from './limited-request.ts'

/** The response to a throttled request, with status 400. */
interface Refusal {
  readonly __type: string
  readonly message: string
  readonly ThrottlingReasons: readonly { readonly reason: string; readonly resource: string }[]
}

/** What happens to a request. */
export type Admission =
  | { readonly refusal: Refusal }
  | {
      /** The request to process. Of a batch, it contains only the items for which units are available. */
      readonly request: object
      /** Charges the units that dynalite has counted, and returns the response to send. */
      readonly settle: (response: string) => string
    }

interface Reservation {
  readonly access: Access
  readonly buckets: readonly TokenBucket[]
  readonly units: number
}

/** An error response contains no capacity. */
const BatchResponse = z.looseObject({
  ConsumedCapacity: z.array(z.object({ CapacityUnits: z.number() })).default([]),
})

/**
 * Enforces the limits of DynamoDB. Every value of the partition key has a partition of its own. dynalite counts the
 * units of a request as DynamoDB does. The units of a batch are distributed evenly among its items. A request whose
 * condition is not met costs one write.
 *
 * The number of units is known only after the request. Until then, the limiter reserves an estimate: the size of the
 * written item, or else the units of the last request of this operation for this table.
 */
export class DynamoDbLimiter {
  readonly limits: DynamoDbLimits
  readonly #buckets: Buckets
  readonly #lastUnits = new Map<string, number>()

  /** `now` returns the time in seconds. */
  constructor(limits: DynamoDbLimits, now: () => number = () => performance.now() / 1000) {
    this.limits = limits
    this.#buckets = new Buckets(now)
  }

  usage(): NamedUsage[] {
    return this.#buckets.usage()
  }

  restartUsage(): void {
    this.#buckets.restartUsage()
  }

  /** Takes the units of a request. Returns undefined if the request has no limits. */
  admit(operation: string, input: object): Admission | undefined {
    const limited = limitedRequest(operation, input)
    if (limited === undefined || !this.#isLimited(limited)) return undefined
    const reservations: Reservation[] = []
    let refusedBy: string | undefined
    for (const access of limited.accesses) {
      const reserved = this.#reserve(operation, limited, access)
      if (typeof reserved === 'string') refusedBy ??= reserved
      else reservations.push(reserved)
    }
    if (reservations.length === 0 && refusedBy !== undefined) return { refusal: refusal(limited, refusedBy) }
    const batch = limited.split?.(new Set(reservations.map(({ access }) => access)))
    return {
      request: { ...(batch?.request ?? input), ReturnConsumedCapacity: 'TOTAL' },
      settle: (response) => {
        if (batch === undefined) {
          this.#settle(operation, limited, reservations, unitsOf(response) * (limited.unitFactor ?? 1))
          return response
        }
        const parsed = BatchResponse.parse(JSON.parse(response))
        const units = parsed.ConsumedCapacity.reduce((sum, { CapacityUnits }) => sum + CapacityUnits, 0)
        this.#settle(operation, limited, reservations, units)
        return refusedBy === undefined ? response : JSON.stringify(batch.addUnprocessed(parsed))
      },
    }
  }

  /** A batch for several tables has limits if one of its tables has limits. */
  #isLimited({ accesses }: LimitedRequest): boolean {
    const { tables } = this.limits
    return tables === undefined || accesses.some(({ table }) => tables.includes(table))
  }

  /** Returns the name of the exhausted limit if one of them does not admit the access. */
  #reserve(operation: string, { kind }: LimitedRequest, access: Access): Reservation | string {
    const { partitionUnits, tableUnits, writeCost, creditSeconds } = this.limits
    const { table, partition, writtenKb } = access
    const tableBucket = this.#buckets.get(`table ${table}`, { unitsPerSecond: tableUnits, creditSeconds })
    const buckets = [tableBucket]
    if (partition !== undefined)
      buckets.push(
        this.#buckets.get(`partition ${table} ${partition}`, { unitsPerSecond: partitionUnits, creditSeconds: 1 }),
      )
    const size = writtenKb ?? this.#lastUnits.get(`${operation} ${table}`) ?? 1
    const units = size * (kind === 'write' ? writeCost : 1)
    const refusing = this.#buckets.take(buckets, units)
    if (refusing === undefined) return { access, buckets, units }
    return refusing === tableBucket ? 'table' : 'partition'
  }

  #settle(operation: string, { kind }: LimitedRequest, reservations: readonly Reservation[], consumed: number): void {
    const size = consumed / reservations.length
    const units = size * (kind === 'write' ? this.limits.writeCost : 1)
    for (const { access, buckets, units: reserved } of reservations) {
      if (size > 0) this.#lastUnits.set(`${operation} ${access.table}`, size)
      for (const bucket of buckets) bucket.take(units - reserved)
    }
  }
}

/** In JSON, quotation marks inside a string are escaped, and no attribute value has the member `CapacityUnits`. */
const CONSUMED = /"ConsumedCapacity":\{"CapacityUnits":([\d.]+)/

/** Returns the units that a request other than a batch has used, from its response. */
const unitsOf = (response: string): number => {
  if (response.includes('#ConditionalCheckFailedException"')) return 1
  const from = response.lastIndexOf('"ConsumedCapacity":{"CapacityUnits":')
  const [, units] = (from === -1 ? null : CONSUMED.exec(response.slice(from))) ?? []
  // A query without results also costs a unit.
  return units === undefined ? 0 : Math.max(Number(units), 0.5)
}

const refusal = ({ kind, accesses }: LimitedRequest, refusedBy: string): Refusal => {
  const table = accesses[0]?.table ?? ''
  const isPartition = refusedBy === 'partition'
  const operation = kind === 'read' ? 'Read' : 'Write'
  return {
    __type: isPartition
      ? 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException'
      : 'com.amazon.coral.availability#ThrottlingException',
    message: `The ${refusedBy} has no capacity left for this request. Send the request again later.`,
    ThrottlingReasons: [
      {
        reason: `Table${operation}${isPartition ? 'KeyRange' : 'MaxOnDemand'}ThroughputExceeded`,
        resource: `arn:aws:dynamodb:us-east-1:000000000000:table/${table}`,
      },
    ],
  }
}
