import * as z from 'zod'
import { issueLines, schemaMessage } from '../../../shared/values/schema-messages.ts'

const Positive = z.number().positive()
const LatencyMs = z.number().min(0)

export const DynamoDbLimits = z.strictObject({
  /** The read units that one partition offers in a second. */
  partitionUnits: Positive,
  /** The read units that one table offers in a second. */
  tableUnits: Positive,
  /** The number of read units that a write unit costs. */
  writeCost: Positive,
  /** The seconds for which a table keeps unused units. A partition keeps the units of one second. */
  creditSeconds: z.number().min(1),
  latencyMs: LatencyMs,
  /** The names of the tables that have limits. By default, all tables have the same limits. */
  tables: z.array(z.string()).optional(),
})
export type DynamoDbLimits = z.output<typeof DynamoDbLimits>

export const S3Limits = z.strictObject({
  /** The write requests (all except GET and HEAD) that one prefix offers in a second. */
  writesPerSecond: Positive,
  /** The read requests (GET and HEAD) that one prefix offers in a second. */
  readsPerSecond: Positive,
  latencyMs: LatencyMs,
})
export type S3Limits = z.output<typeof S3Limits>

const LambdaLimits = z.strictObject({
  /** The number of functions that run at the same time. */
  concurrency: z.number().int().positive(),
})

const ServiceLimits = z.strictObject({
  dynamodb: DynamoDbLimits.optional(),
  s3: S3Limits.optional(),
  lambda: LambdaLimits.optional(),
})

/** The limits of the local services. A service without limits processes every request at once. */
export type ServiceLimits = z.output<typeof ServiceLimits>

/**
 * The limits of AWS, from its documents (November 2026).
 *
 * - A partition offers 3,000 read units or 1,000 write units in a second, or a linear combination of both. Credit does
 *   not raise this maximum. ("Partitions and data distribution", and AWS re:Post, "DynamoDB spiky workloads")
 * - A new on-demand table offers 12,000 read units or 4,000 write units. ("On-demand capacity mode")
 * - A table keeps the unused units of 300 seconds, without a guarantee. ("Burst and adaptive capacity")
 * - A prefix offers 3,500 writes and 5,500 reads in a second. ("Optimizing Amazon S3 performance")
 * - A new account runs 10 functions at the same time, and other accounts 1,000. ("Lambda quotas")
 * - DynamoDB responds within "single-digit milliseconds", and S3 sends the first byte of small objects within 100 to
 *   200 ms. (The introduction of DynamoDB, and "Performance design patterns for Amazon S3")
 */
export const AWS_LIMITS = {
  dynamodb: { partitionUnits: 3_000, tableUnits: 12_000, writeCost: 3, creditSeconds: 300, latencyMs: 5 },
  s3: { writesPerSecond: 3_500, readsPerSecond: 5_500, latencyMs: 100 },
  lambda: { concurrency: 1_000 },
} as const satisfies ServiceLimits

/** Returns the limits of AWS with all rates divided by `divisor`, for machines that are slower than AWS. */
export const awsLimits = (divisor = 1): Required<ServiceLimits> => {
  const { dynamodb, s3, lambda } = AWS_LIMITS
  return {
    dynamodb: {
      ...dynamodb,
      partitionUnits: dynamodb.partitionUnits / divisor,
      tableUnits: dynamodb.tableUnits / divisor,
    },
    s3: { ...s3, writesPerSecond: s3.writesPerSecond / divisor, readsPerSecond: s3.readsPerSecond / divisor },
    lambda,
  }
}

/**
 * Parses the environment variable `LIMITS`: empty for no limits, `aws`, `aws/20` for a twentieth of the rates of AWS,
 * or a JSON object such as `{"lambda":{"concurrency":10}}`. Throws an `Error` if the value is anything else.
 */
export const parseLimits = (text = ''): ServiceLimits => {
  if (text === '') return {}
  const aws = /^aws(?:\/([1-9]\d{0,3}))?$/.exec(text)
  if (aws !== null) return awsLimits(Number(aws[1] ?? 1))
  const parsed = ServiceLimits.safeParse(parseJson(text), { error: schemaMessage })
  if (parsed.success) return parsed.data
  throw new Error(
    `LIMITS=${text} is not valid: ${issueLines(parsed.error).join('; ')}; ` +
      'set LIMITS to aws, to aws/N with a divisor N from 1 to 9999, or to a JSON object',
  )
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(
      `LIMITS=${text} is not valid: ` +
        'set LIMITS to aws, to aws/N with a divisor N from 1 to 9999, or to a JSON object ' +
        `with these members: ${Object.keys(ServiceLimits.shape).join(', ')}`,
    )
  }
}
