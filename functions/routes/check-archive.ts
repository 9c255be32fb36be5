import { route } from '../handlers/route.ts'
import { checkAnswer, checkInput } from '../http/check-answer.ts'

/** `POST /_backup/check` */
export const handler = route(checkInput, checkAnswer)
