import { callerFaultOf } from '../problems/problem.ts'
import type { JobEndedEvent } from './job-events.ts'

/**
 * Returns whether a job failed only because of its request or because of the archive that its caller sent. Such a job
 * raises no alarm: its caller receives the problem, and the deployment and its data are sound. An archive in
 * `archiveBucket` was written by this deployment, so its damage is not the caller's fault. A scheduled export has no
 * caller who would receive the problem, so its failure is never the caller's fault.
 */
export const isCallerFault = ({ source, kind, archive, error }: JobEndedEvent, archiveBucket: string): boolean => {
  if (error === undefined || source === 'schedule') return false
  const fault = callerFaultOf(error.type)
  return fault === 'archive' ? kind === 'restore' && archive?.bucket !== archiveBucket : fault === 'request'
}
