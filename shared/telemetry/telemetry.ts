// This import must come first: the tracer reads the variable that it sets when the tracer's module loads.
import './untraced-outside-lambda.ts'
import { Logger } from '@aws-lambda-powertools/logger'
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware'
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware'
import { Tracer } from '@aws-lambda-powertools/tracer'
import { captureLambdaHandler } from '@aws-lambda-powertools/tracer/middleware'
import process from 'node:process'
import { isOnLambda } from './is-on-lambda.ts'

const named = { serviceName: process.env['DEPLOYMENT'] ?? 'local' }

/** Writes JSON lines. Outside Lambda it writes only errors. It must never receive payloads or signed URLs. */
export const logger = new Logger({ ...named, logLevel: isOnLambda ? 'INFO' : 'ERROR' })

export const METRICS_NAMESPACE = 'SpecstarBackup'
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
/** Most invocations count nothing; the default logger would warn about each of them. */
const metrics = new Metrics({ ...named, namespace: METRICS_NAMESPACE, logger: quiet })
/** Disabled outside Lambda. Traces do not contain the handlers' responses, because these may contain signed URLs. */
export const tracer = new Tracer(named)

/** The names of the deployment's metrics. Alarms and the dashboard use them. */
export const METRIC = {
  succeeded: 'JobSucceeded',
  partial: 'JobPartial',
  failed: 'JobFailed',
  cancelled: 'JobCancelled',
  verificationFailed: 'VerificationFailed',
  scheduleOverdue: 'ScheduleOverdue',
  scheduleIncomplete: 'ScheduleIncomplete',
} as const

/** Adds to a metric. CloudWatch reads it from the function's log; outside Lambda nothing happens. */
export const addMetric = (name: string, value: number, dimensions: Readonly<Record<string, string>> = {}): void => {
  if (!isOnLambda) return
  const single = metrics.singleMetric()
  for (const [dimension, of] of Object.entries(dimensions)) single.addDimension(dimension, of)
  single.addMetric(name, MetricUnit.Count, value)
}

/** The telemetry middleware of every handler, in order. */
export const telemetry = () => [
  injectLambdaContext(logger, { resetKeys: true }),
  ...(isOnLambda
    ? [captureLambdaHandler(tracer, { captureResponse: false }), logMetrics(metrics, { captureColdStartMetric: true })]
    : []),
]
