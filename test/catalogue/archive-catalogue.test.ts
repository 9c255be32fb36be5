import { startServices } from '../services.ts'
import { archiveCatalogueContract } from './archive-catalogue.contract.ts'
import { archiveEvidenceContract } from './archive-evidence.contract.ts'

archiveCatalogueContract(startServices)
archiveEvidenceContract(startServices)
