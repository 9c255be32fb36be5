import { route } from '../handlers/route.ts'
import { importAnswer, importInput } from '../http/import-answer.ts'
import { specStarAnswer } from '../http/specstar-answer.ts'

/** `POST /_backup/import` */
export const handler = route(importInput, importAnswer, specStarAnswer)
