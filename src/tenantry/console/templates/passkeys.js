// Asks the browser for a passkey: to make one, or to sign with one. The form holds what the server
// wants of it, takes the answer, and is sent; nothing else is done here.
"use strict";
(() => {
  const form = document.querySelector("form[data-passkey]");
  if (!form) return;
  const button = form.querySelector("button");
  const told = document.getElementById("passkey-problem");

  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const known = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  const tell = (words) => {
    told.textContent = words;
    told.hidden = false;
  };
  const wordsFor = (error) => {
    if (error.name === "InvalidStateError") return "This device holds a passkey of yours already.";
    if (error.name === "SecurityError") return "Passkeys work only at this server's own address, with https.";
    return "The browser gave no passkey: it was cancelled, took too long, or found none. Please try again.";
  };

  const make = async (options) => {
    options.user.id = bytes(options.user.id);
    options.excludeCredentials = known(options.excludeCredentials);
    const made = await navigator.credentials.create({ publicKey: options });
    return {
      credential: made,
      response: {
        attestationObject: text(made.response.attestationObject),
        transports: made.response.getTransports ? made.response.getTransports() : [],
      },
    };
  };
  const sign = async (options) => {
    options.allowCredentials = known(options.allowCredentials);
    const signed = await navigator.credentials.get({ publicKey: options });
    const { authenticatorData, signature, userHandle } = signed.response;
    return {
      credential: signed,
      response: {
        authenticatorData: text(authenticatorData),
        signature: text(signature),
        userHandle: userHandle && userHandle.byteLength ? text(userHandle) : null,
      },
    };
  };

  const ask = async () => {
    const options = JSON.parse(form.dataset.options);
    options.challenge = bytes(options.challenge);
    const { credential, response } = await (form.dataset.passkey === "make" ? make : sign)(options);
    return JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      response: { clientDataJSON: text(credential.response.clientDataJSON), ...response },
    });
  };

  if (!window.PublicKeyCredential) {
    button.disabled = true;
    tell("This browser has no passkeys.");
    return;
  }
  form.addEventListener("submit", async (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    button.disabled = true;
    told.hidden = true;
    try {
      form.elements.credential.value = await ask();
      form.submit();
    } catch (error) {
      tell(wordsFor(error));
      button.disabled = false;
    }
  });
})();
