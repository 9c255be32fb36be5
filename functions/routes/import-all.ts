import { importAnswer, importInput } from '../http/import-answer.ts'
import { jsonRoute } from '../handlers/route.ts'
import { currentServices } from '../../shared/runtime/current-services.ts'

/** `POST /_backup/import` */
export const handler = jsonRoute(importInput, async (input) => importAnswer(await currentServices(), input))
