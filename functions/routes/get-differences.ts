import { route } from '../handlers/route.ts'
import { differencesAnswer } from '../http/differences-answer.ts'
import { differencesParameters } from '../http/differences-parameters.ts'

/** `GET /_backup/jobs/{job_id}/differences` */
export const handler = route(differencesParameters, differencesAnswer)
