import type { Language } from "@hospes/bridge";

export const en = {
  "fit": "Fit",
  "one": "1:1",
  "scale": "Size of the picture",
  "display": "Display",
  "keys": "Keys",
  "keys.title": "Send keys that your own computer would keep",
  "type": "Type clipboard",
  "type.title": "Types the text of your clipboard on the customer's computer",
  "type.empty": "The clipboard holds no text.",
  "type.long": "Only the first 4096 characters were typed.",
  "type.failed": "The clipboard could not be read.",
  "full": "Full screen",
  "full.off": "Leave full screen",
  "full.failed": "Full screen is not possible here.",
  "viewOnly": "View only",
  "viewOnly.local-user-denied": "View only: the customer did not allow control",
  "viewOnly.local-user-revoked": "View only: the customer took control back",
  "viewOnly.no-answer": "View only: the customer did not answer",
  "viewOnly.not-licensed": "View only: the plan does not include control",
  "viewOnly.unavailable": "View only: this computer takes no input",
  "stage": "Screen of the customer's computer. Keys go there; Ctrl+Alt+Enter leaves it.",
  "starting": "Waiting for the picture…",
  "noPicture": "There is no picture",
  "noPicture.local-user-denied": "The customer did not allow you to see the screen.",
  "noPicture.local-user-revoked": "The customer took the permission to see the screen back.",
  "noPicture.no-answer": "The customer did not answer.",
  "noPicture.not-licensed": "The company's plan does not include seeing the screen.",
  "noPicture.unavailable": "This computer has no desktop to show.",
  "again": "Ask again",
  "cut": "The connection is cut.",
  "decoder": "The picture cannot be shown in this browser: {message}",
  "stats": "{fps} frames/s · {rate}/s · {delay} ms",
  "stats.title": "Pictures and bytes in the last second, age of the last picture",
};
export type Key = keyof typeof en;

export const fr: Record<Key, string> = {
  "fit": "Ajuster",
  "one": "1:1",
  "scale": "Taille de l’image",
  "display": "Écran",
  "keys": "Touches",
  "keys.title": "Envoyer des touches que votre propre ordinateur garderait",
  "type": "Saisir le presse-papiers",
  "type.title": "Saisit le texte de votre presse-papiers sur l’ordinateur du client",
  "type.empty": "Le presse-papiers ne contient pas de texte.",
  "type.long": "Seuls les 4096 premiers caractères ont été saisis.",
  "type.failed": "Le presse-papiers n’a pas pu être lu.",
  "full": "Plein écran",
  "full.off": "Quitter le plein écran",
  "full.failed": "Le plein écran n’est pas possible ici.",
  "viewOnly": "Vue seule",
  "viewOnly.local-user-denied": "Vue seule : le client n’a pas autorisé le contrôle",
  "viewOnly.local-user-revoked": "Vue seule : le client a repris le contrôle",
  "viewOnly.no-answer": "Vue seule : le client n’a pas répondu",
  "viewOnly.not-licensed": "Vue seule : l’abonnement ne comprend pas le contrôle",
  "viewOnly.unavailable": "Vue seule : cet ordinateur n’accepte pas de saisie",
  "stage": "Écran de l’ordinateur du client. Les touches y vont ; Ctrl+Alt+Entrée le quitte.",
  "starting": "En attente de l’image…",
  "noPicture": "Il n’y a pas d’image",
  "noPicture.local-user-denied": "Le client ne vous a pas autorisé à voir l’écran.",
  "noPicture.local-user-revoked": "Le client a retiré l’autorisation de voir l’écran.",
  "noPicture.no-answer": "Le client n’a pas répondu.",
  "noPicture.not-licensed": "L’abonnement de la société ne comprend pas la vue de l’écran.",
  "noPicture.unavailable": "Cet ordinateur n’a pas de bureau à montrer.",
  "again": "Redemander",
  "cut": "La connexion est coupée.",
  "decoder": "L’image ne peut pas être affichée dans ce navigateur : {message}",
  "stats": "{fps} images/s · {rate}/s · {delay} ms",
  "stats.title": "Images et octets de la dernière seconde, âge de la dernière image",
};

export const es: Record<Key, string> = {
  "fit": "Ajustar",
  "one": "1:1",
  "scale": "Tamaño de la imagen",
  "display": "Pantalla",
  "keys": "Teclas",
  "keys.title": "Enviar teclas que su propio equipo se quedaría",
  "type": "Escribir portapapeles",
  "type.title": "Escribe el texto de su portapapeles en el equipo del cliente",
  "type.empty": "El portapapeles no contiene texto.",
  "type.long": "Solo se escribieron los primeros 4096 caracteres.",
  "type.failed": "No se pudo leer el portapapeles.",
  "full": "Pantalla completa",
  "full.off": "Salir de pantalla completa",
  "full.failed": "Aquí no es posible la pantalla completa.",
  "viewOnly": "Solo ver",
  "viewOnly.local-user-denied": "Solo ver: el cliente no permitió el control",
  "viewOnly.local-user-revoked": "Solo ver: el cliente retiró el control",
  "viewOnly.no-answer": "Solo ver: el cliente no respondió",
  "viewOnly.not-licensed": "Solo ver: el plan no incluye el control",
  "viewOnly.unavailable": "Solo ver: este equipo no acepta entrada",
  "stage": "Pantalla del equipo del cliente. Las teclas van allí; Ctrl+Alt+Intro sale.",
  "starting": "Esperando la imagen…",
  "noPicture": "No hay imagen",
  "noPicture.local-user-denied": "El cliente no le permitió ver la pantalla.",
  "noPicture.local-user-revoked": "El cliente retiró el permiso para ver la pantalla.",
  "noPicture.no-answer": "El cliente no respondió.",
  "noPicture.not-licensed": "El plan de la empresa no incluye ver la pantalla.",
  "noPicture.unavailable": "Este equipo no tiene escritorio que mostrar.",
  "again": "Preguntar de nuevo",
  "cut": "La conexión se ha cortado.",
  "decoder": "La imagen no se puede mostrar en este navegador: {message}",
  "stats": "{fps} imágenes/s · {rate}/s · {delay} ms",
  "stats.title": "Imágenes y bytes del último segundo, edad de la última imagen",
};

export const tables: Record<Language, Record<Key, string>> = { en, fr, es };

export function text(language: Language, key: Key, values: Record<string, string | number> = {}): string {
  return tables[language][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** `prefix.reason` when there is such a text, else `prefix.code`, else `prefix`. */
export function because(language: Language, prefix: "viewOnly" | "noPicture", refusal: { code: string; reason?: string }): string {
  for (const cause of [refusal.reason, refusal.code]) {
    const key = `${prefix}.${cause ?? ""}`;
    if (Object.hasOwn(en, key)) return text(language, key as Key);
  }
  return text(language, prefix);
}
