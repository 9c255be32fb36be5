import { exportRequest } from '../../shared/export/request.ts'
import { route } from '../handlers/route.ts'
import { acceptsArchive } from '../http/accept-header.ts'
import { exportAnswer } from '../http/export-answer.ts'
import { backupExportParameters } from '../http/export-parameters.ts'
import { callerOf, parametersOf } from '../http/route-input.ts'

/** `GET|POST /_backup/export` */
export const handler = route((request, { models }) => {
  const parameters = backupExportParameters(parametersOf(request), { redirectByDefault: acceptsArchive(request) })
  return { parameters, request: exportRequest(parameters, models), caller: callerOf(request) }
}, exportAnswer)
