export const METRICS_NAMESPACE = 'SpecstarBackup'

/** The names of the deployment's metrics. Alarms and the dashboard use them. */
export const METRIC = {
  succeeded: 'JobSucceeded',
  partial: 'JobPartial',
  failed: 'JobFailed',
  /** Jobs that failed because of their request, or because of the archive that the caller sent. They cause no alarm. */
  rejected: 'JobRejected',
  cancelled: 'JobCancelled',
  verificationFailed: 'VerificationFailed',
  scheduleOverdue: 'ScheduleOverdue',
  scheduleIncomplete: 'ScheduleIncomplete',
  scheduleSuspicious: 'ScheduleSuspicious',
  scheduleCopyFailed: 'ScheduleCopyFailed',
  /** Throttled attempts of calls to AWS. */
  throttledCalls: 'ThrottledCalls',
} as const
