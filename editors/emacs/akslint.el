;;; akslint.el --- Checks the identity of AKS clusters, with Eglot -*- lexical-binding: t -*-

;; Package-Requires: ((emacs "26.3") (eglot "1.9"))
;; Version: 0.1.0

;;; Commentary:

;; (load "…/editors/emacs/akslint.el")
;; (add-hook 'bicep-mode-hook #'eglot-ensure)
;; (add-hook 'akslint-template-hook #'eglot-ensure)

;;; Code:

(require 'eglot)

(defgroup akslint nil
  "Checks the identity of AKS clusters in templates."
  :group 'tools)

(defcustom akslint-command '("akslint" "server" "--stdio")
  "The program and its arguments."
  :type '(repeat string))

(defvar akslint-template-hook nil
  "Run in buffers with JSON that is an ARM template or a parameter file for one.")

;; A mode for Bicep that is small enough to be replaced by a better one: only if there is none yet.
(unless (fboundp 'bicep-mode)
  (defvar bicep-mode-syntax-table
    (let ((table (make-syntax-table)))
      (modify-syntax-entry ?' "\"" table)
      (modify-syntax-entry ?/ ". 124b" table)
      (modify-syntax-entry ?* ". 23" table)
      (modify-syntax-entry ?\n "> b" table)
      (modify-syntax-entry ?_ "w" table)
      table))
  (defconst akslint--bicep-keywords
    `((,(regexp-opt '("param" "output" "var" "resource" "module" "type" "func" "metadata" "targetScope"
                      "using" "extends" "import" "extension" "assert" "existing" "if" "for" "in" "as" "with" "from")
                    'words)
       . font-lock-keyword-face)
      (,(regexp-opt '("true" "false" "null") 'words) . font-lock-constant-face)
      ("^\\s-*@\\([[:alpha:].]+\\)" 1 font-lock-preprocessor-face)
      ("^\\s-*\\(?:param\\|output\\|var\\|resource\\|module\\|type\\|func\\)\\s-+\\(\\sw+\\)" 1 font-lock-variable-name-face)
      ("^\\s-*\\(\\sw+\\):" 1 font-lock-variable-name-face)))
  (define-derived-mode bicep-mode prog-mode "Bicep"
    "For Bicep templates."
    (setq-local comment-start "// ")
    (setq-local comment-start-skip "//+\\s-*")
    (setq-local font-lock-defaults '(akslint--bicep-keywords)))
  (add-to-list 'auto-mode-alist '("\\.bicep\\(?:param\\)?\\'" . bicep-mode)))

(put 'bicep-mode 'eglot-language-id "bicep")

(defun akslint--contact (&rest _)
  "What Eglot has to start."
  akslint-command)

(add-to-list 'eglot-server-programs '(bicep-mode . akslint--contact))
;; Other JSON keeps the server it has: only templates get ours, see below.
(defun akslint--look ()
  "Use akslint in this buffer if its JSON is a template."
  (when (save-excursion
          (goto-char (point-min))
          (let ((case-fold-search t))
            (re-search-forward "deployment\\(?:template\\|parameters\\)\\.json\\|\"contentVersion\"" nil t)))
    (setq-local eglot-server-programs (cons (cons major-mode #'akslint--contact) eglot-server-programs))
    (run-hooks 'akslint-template-hook)))

(dolist (hook '(json-mode-hook js-json-mode-hook json-ts-mode-hook))
  (add-hook hook #'akslint--look))

(provide 'akslint)
;;; akslint.el ends here
