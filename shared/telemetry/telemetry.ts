import { Logger } from '@aws-lambda-powertools/logger'
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware'
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware'
import process from 'node:process'
import { isOnLambda } from './is-on-lambda.ts'
import { METRICS_NAMESPACE } from './metric-names.ts'

const named = { serviceName: process.env['DEPLOYMENT'] ?? 'local' }

/** Writes log entries as JSON lines. Outside of Lambda, only errors are written. Never log payloads or signed URLs. */
export const logger = new Logger({ ...named, logLevel: isOnLambda ? 'INFO' : 'ERROR' })

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
/** Most invocations add no metric, for which the default logger would write a warning each time. */
const metrics = new Metrics({ ...named, namespace: METRICS_NAMESPACE, logger: quiet })

/**
 * Adds a value to a metric. Writes the value to the function's log, from which CloudWatch reads it. Has no effect
 * outside of Lambda.
 */
export const addMetric = (name: string, value: number, dimensions: Readonly<Record<string, string>> = {}): void => {
  if (!isOnLambda) return
  const single = metrics.singleMetric()
  for (const [dimension, dimensionValue] of Object.entries(dimensions)) single.addDimension(dimension, dimensionValue)
  single.addMetric(name, MetricUnit.Count, value)
}

/**
 * Returns the telemetry middleware of a handler, in the order in which it must run.
 *
 * No tracing SDK is part of it. Lambda itself traces routes and event handlers (`infra/backup-function.ts`). An SDK
 * would add a segment for each call to AWS, but nearly doubles the CPU time of every call, also of unsampled requests.
 */
export const telemetry = () => [
  injectLambdaContext(logger, { resetKeys: true }),
  ...(isOnLambda ? [logMetrics(metrics, { captureColdStartMetric: true })] : []),
]
