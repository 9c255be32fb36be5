// First: the tracer below reads what this sets as it is loaded.
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

/** JSON lines on Lambda. Outside it only what goes wrong is worth a line. Payloads and signed URLs are never handed to it. */
export const logger = new Logger({ ...named, logLevel: isOnLambda ? 'INFO' : 'ERROR' })

export const METRICS_NAMESPACE = 'SpecstarBackup'
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
/** Most calls count nothing: that is worth no warning. */
const metrics = new Metrics({ ...named, namespace: METRICS_NAMESPACE, logger: quiet })
/** Off by itself outside Lambda. The handler's answer is not kept in the trace: it may hold a signed URL. */
export const tracer = new Tracer(named)

/** Metrics of the deployment, by name: alarms and the dashboard read them. */
export const METRIC = {
  succeeded: 'JobSucceeded',
  partial: 'JobPartial',
  failed: 'JobFailed',
  cancelled: 'JobCancelled',
  verificationFailed: 'VerificationFailed',
  scheduleOverdue: 'ScheduleOverdue',
} as const

/** Adds to a metric, on Lambda: the log carries it to CloudWatch. */
export const addMetric = (name: string, value: number, dimensions: Readonly<Record<string, string>> = {}): void => {
  if (!isOnLambda) return
  const single = metrics.singleMetric()
  for (const [dimension, of] of Object.entries(dimensions)) single.addDimension(dimension, of)
  single.addMetric(name, MetricUnit.Count, value)
}

/** The middleware of every handler, in order. */
export const telemetry = () => [
  injectLambdaContext(logger, { resetKeys: true }),
  ...(isOnLambda
    ? [captureLambdaHandler(tracer, { captureResponse: false }), logMetrics(metrics, { captureColdStartMetric: true })]
    : []),
]
