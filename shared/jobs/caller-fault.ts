import { callerFaultOf } from '../problems/problem.ts'
import type { JobEndedEvent } from './job-events.ts'

/**
 * Returns true if a job failed only because of its request, or because of an archive from the caller. Such a job causes
 * no alarm, because the caller receives the problem, and the deployment works. Archives in `archiveBucket` were written
 * by this deployment, so if such an archive is damaged, the caller is not at fault. A scheduled export has no caller,
 * so the result is false.
 */
export const isCallerFault = ({ source, kind, archive, error }: JobEndedEvent, archiveBucket: string): boolean => {
  if (error === undefined || source === 'schedule') return false
  const fault = callerFaultOf(error.type)
  return fault === 'archive' ? kind !== 'export' && archive?.bucket !== archiveBucket : fault === 'request'
}
