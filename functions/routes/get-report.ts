import { route } from '../handlers/route.ts'
import { reportAnswer } from '../http/job-answers.ts'
import { findJob } from '../http/job-view.ts'
import { jobIdOf } from '../http/route-input.ts'

/** `GET /_backup/jobs/{job_id}/report` */
export const handler = route(jobIdOf, async (jobId, services) => reportAnswer(services, await findJob(services, jobId)))
